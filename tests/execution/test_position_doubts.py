"""Positions that fills do not explain are taken over when they last, and not before (S7)."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from nautilus_trader.model.enums import PositionSide
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.execution.position_doubts import LASTING_SECS
from nautilus_paradex.execution.position_doubts import OUTDATED_SECS
from nautilus_paradex.execution.position_doubts import PositionDoubts
from nautilus_paradex.execution.position_doubts import outdated_markets
from nautilus_paradex.network.log import NoLog
from tests.acceptance.node import BTC
from tests.acceptance.node import ETH
from tests.network.virtual_timing import VirtualTiming


NONE = frozenset()


class Account:
    """What the framework holds, and what the venue says."""

    def __init__(self):
        self.timing = VirtualTiming(auto=False)
        self.held = {}
        self.doubts = PositionDoubts(AccountId("PARADEX-1"), self, self.timing, NoLog())

    def positions_open(self, *, venue, instrument_id, account_id):
        assert account_id == AccountId("PARADEX-1")
        size = Decimal(self.held.get(instrument_id, "0"))
        side = PositionSide.LONG if size > 0 else PositionSide.SHORT
        quantity = Quantity.from_str(str(abs(size)))
        return [SimpleNamespace(side=side, quantity=quantity)] if size else []

    def given(self, size, instrument_id=ETH, outdated=NONE):
        """Say of how many reports the framework is told."""
        report = SimpleNamespace(instrument_id=instrument_id, signed_decimal_qty=Decimal(size))
        return len(self.doubts.sift([report], outdated))

    async def pass_secs(self, seconds):
        await self.timing.advance(seconds)


@pytest.fixture
def account():
    return Account()


@pytest.mark.parametrize("size", ["0", "1.5", "-0.2"])
def test_s7_a_position_that_agrees_is_given_at_once(account, size):
    account.held[ETH] = size
    assert account.given(size)
    assert not account.doubts.is_open


@pytest.mark.parametrize(("here", "there"), [("1", "0"), ("0", "1"), ("1", "-1"), ("-1", "-1.1")])
async def test_s7_one_that_is_off_is_given_once_it_has_been_off_by_as_much_for_a_while(
    account, here, there
):
    account.held[ETH] = here
    assert not account.given(there)
    assert account.doubts.is_open
    await account.pass_secs(LASTING_SECS - 0.1)
    assert not account.given(there)
    await account.pass_secs(0.1)
    assert account.given(there)
    assert not account.doubts.is_open


async def test_s7_trading_goes_on_while_it_is_off_by_as_much(account):
    account.held[ETH] = "1"
    assert not account.given("1.5")
    await account.pass_secs(LASTING_SECS)
    account.held[ETH] = "3"
    assert account.given("3.5")


async def test_s7_one_that_is_off_by_something_else_is_a_new_doubt(account):
    account.held[ETH] = "1"
    assert not account.given("1.5")
    await account.pass_secs(LASTING_SECS)
    assert not account.given("1.6")
    await account.pass_secs(LASTING_SECS)
    assert account.given("1.6")


async def test_s7_a_doubt_ends_when_both_agree(account):
    account.held[ETH] = "1"
    assert not account.given("0.5")
    assert account.given("1")
    await account.pass_secs(LASTING_SECS)
    assert not account.given("0.5")


async def test_s7_doubts_are_of_one_market(account):
    account.held = {ETH: "1", BTC: "1"}
    reports = [
        SimpleNamespace(instrument_id=ETH, signed_decimal_qty=Decimal(1)),
        SimpleNamespace(instrument_id=BTC, signed_decimal_qty=Decimal(2)),
    ]
    assert [r.instrument_id for r in account.doubts.sift(reports, NONE)] == [ETH]


async def test_s7_one_that_says_that_it_is_older_than_a_fill_has_to_last_longer(account):
    market = frozenset({ETH.symbol.value})
    account.held[ETH] = "1"
    assert not account.given("0.5", outdated=market)
    await account.pass_secs(OUTDATED_SECS - 1.0)
    assert not account.given("0.5", outdated=market)
    await account.pass_secs(1.0)
    assert account.given("0.5", outdated=market)


@pytest.mark.parametrize(
    ("position_ns", "fill_ns", "is_outdated"),
    [
        (5_000_000, 6_000_000, True),
        (6_000_000, 6_000_000, False),
        (6_000_000, 6_999_000, False),  # REST has whole milliseconds
        (7_000_000, 6_000_000, False),
    ],
)
def test_s7_a_position_is_outdated_by_a_newer_fill_of_its_market(position_ns, fill_ns, is_outdated):
    position = SimpleNamespace(market="ETH-USD-PERP", updated_ns=position_ns)
    fills = [
        SimpleNamespace(market="ETH-USD-PERP", created_ns=1),
        SimpleNamespace(market="ETH-USD-PERP", created_ns=fill_ns),
        SimpleNamespace(market="BTC-USD-PERP", created_ns=9_000_000),
    ]
    assert bool(outdated_markets([position], fills)) is is_outdated
