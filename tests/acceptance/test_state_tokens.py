"""What moves tokens other than the settlement asset is read: no event tells it (PROTOCOL 10.2)."""

from decimal import Decimal

import pytest
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.objects import Currency
from nautilus_trader.model.objects import Money

from nautilus_paradex.simulator import PrivateEncoding
from nautilus_paradex.simulator import SimulatorConfig
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until_equal
from tests.acceptance.state_of_account import filled
from tests.acceptance.state_of_account import until_account_equal


SMALL = Decimal("0.00000001")


@pytest.mark.parametrize("encoding", list(PrivateEncoding))
async def test_fees_in_dime_have_their_currency_and_leave_the_right_balance(
    encoding: PrivateEncoding,
) -> None:
    """Trap 56: the account's default may be DIME; the commission and the balance say so."""
    async with trading_floor(config=SimulatorConfig(private_encoding=encoding)) as floor:
        exchange = floor.venue.exchange
        exchange.deposit(floor.account, Decimal(10), "DIME")
        exchange.pay_fees_in_dime(floor.account)
        paid_in_dime = await filled(floor.desk.market(OrderSide.BUY, "0.1"))
        (fill,) = exchange.queries.fills(floor.account)
        assert fill.fee_currency == "DIME"
        assert paid_in_dime.commission == Money(fill.fee, Currency.from_str("DIME"))
        view = await until_account_equal(floor.node, floor.venue, floor.account)
        assert view.totals["DIME"] == (10 - fill.fee).quantize(SMALL)
        # More than the DIME that is left: the venue falls back to USDC.
        paid_in_usdc = await filled(floor.desk.market(OrderSide.BUY, "0.9"))
        assert paid_in_usdc.commission.currency == USDC
        await until_account_equal(floor.node, floor.venue, floor.account)
        await until_equal(floor.node, floor.venue, floor.account)


@pytest.mark.parametrize("token", ["USDC", "ETH", "ZORB8"])
async def test_a_deposit_of_any_token_is_seen_while_the_node_runs(token: str) -> None:
    """E11: balance events tell USDC only; a transfer of another token is read."""
    async with trading_floor() as floor:
        floor.venue.exchange.deposit(floor.account, Decimal("1.5"), token)
        view = await until_account_equal(floor.node, floor.venue, floor.account)
        assert token in view.totals
        assert not floor.node.cache.orders()
