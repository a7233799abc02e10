"""Reconciliation that reads a part of the account's history only (E10)."""

import time
from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.execution import inflight
from nautilus_paradex.execution import recovery as execution_client
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.faults import Lose
from nautilus_paradex.simulator.paradex import wall_clock_us
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import Trader
from tests.acceptance.node import running_node
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.faults.sessions import MARKET
from tests.faults.sessions import SELL
from tests.faults.sessions import Session
from tests.faults.sessions import session


_IDLE_TIMEOUT_S = 0.5


def short_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a reconnect read no more than what a silent socket may have hidden."""
    monkeypatch.setattr(execution_client, "GAP_OVERLAP_MS", 0)


async def until_out_of_window(at: Session) -> None:
    last_us = max(fill.created_us for fill in at.venue.exchange.queries.fills(at.account))
    seconds = 2 * _IDLE_TIMEOUT_S
    await until(lambda: time.time() > last_us / 1e6 + seconds, "the fills are older than the gap")


async def cut_and_trade(at: Session, trades: list[tuple[str, str, str]]) -> None:
    """Cut the private stream, and trade before it can be back."""
    await at.venue.stop_serving()
    for side, size, price in trades:
        at.rival.place(side, size, price, "IOC")
    await at.venue.resume_serving()
    await until(lambda: at.node.execution.stream_status().epoch == 2, "it is connected again")
    await at.ends_equal()


@pytest.mark.parametrize(
    "trades",
    [
        [("SELL", "0.3", "2499")],
        # Closed and opened again on the other side.
        [("BUY", "1", "2501"), ("BUY", "0.5", "2502")],
        # Closed, then opened on both sides in turn: an order is filled before and after it.
        [("BUY", "0.4", "2501"), ("SELL", "0.4", "2499"), ("BUY", "1", "2502")],
        # Flat at the end.
        [("BUY", "1", "2501")],
        [],
    ],
)
async def test_e10_position_from_before_the_gap_is_neither_doubled_nor_lost(
    trades: list[tuple[str, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    short_window(monkeypatch)
    config = SimulatorConfig(heartbeat_interval_s=0.1)
    quick = {"ws_idle_timeout_secs": _IDLE_TIMEOUT_S}
    async with session(config=config, execution=quick) as at:
        await at.rest(BUY, "2", "2499")
        at.rival.place("SELL", "1", "2499", "IOC")
        await at.rest(SELL, "1", "2501")
        await at.rest(SELL, "1", "2502")
        await at.ends_equal()
        await until_out_of_window(at)
        await cut_and_trade(at, trades)
        assert not [o for o in at.node.cache.orders() if o.tags]


async def test_e10_orders_of_positions_that_were_closed_in_the_gap_are_told() -> None:
    """The position is flat twice in the gap; the orders from before it count all the same."""
    async with session() as at:
        bids = [await at.rest(BUY, "1", str(price)) for price in (2499, 2498, 2497)]
        asks = [await at.rest(SELL, "1", str(price)) for price in (2501, 2502, 2503)]
        trades = [("SELL", "1", "2490"), ("BUY", "1", "2510")] * 2 + [("SELL", "0.5", "2490")]
        await cut_and_trade(at, trades)
        assert [bid.is_closed for bid in bids] == [True, True, False]
        assert [ask.is_closed for ask in asks] == [True, True, False]


async def test_e10_start_finds_a_position_that_is_older_than_its_lookback() -> None:
    shift_us = 0

    def clock_us() -> int:
        return wall_clock_us() - shift_us

    shift_us = 3 * 3_600_000_000
    async with LocalParadex(market=False, clock_us=clock_us) as venue:
        account = venue.create_account(KEY)
        earlier, rival = Trader(venue, account), Trader(venue)
        earlier.place("BUY", "3", "2499")
        rival.place("SELL", "2", "2499", "IOC")
        shift_us = 0
        # Within the lookback: sold and bought again, and partly sold from an order that rests.
        earlier.place("SELL", "1", "2501")
        rival.place("BUY", "0.4", "2501", "IOC")
        engine = {"reconciliation_lookback_mins": 60}
        async with running_node(
            venue, account, strategies=[Desk()], instruments=[ETH], engine=engine
        ) as node:
            net = sum(p.signed_decimal_qty() for p in node.cache.positions_open())
            assert net == venue.exchange.queries.positions(account, MARKET)[0].size
            assert net == Decimal("1.6")
            orders = {o.price.as_decimal(): o for o in node.cache.orders_open()}
            assert set(orders) == {2499, 2501}
            assert orders[Decimal(2499)].filled_qty.as_decimal() == 2
            assert orders[Decimal(2501)].filled_qty.as_decimal() == Decimal("0.4")
            assert orders[Decimal(2499)].quantity.as_decimal() == 3
            rival.place("BUY", "0.6", "2501", "IOC")
            await until(
                lambda: sum(p.signed_decimal_qty() for p in node.cache.positions_open()) == 1,
                "a later fill is counted",
            )


async def test_e4_e9_order_that_a_reconciliation_told_as_rejected_is_not_rejected_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its create was answered, its end was lost: the watch over the create must know of it."""
    monkeypatch.setattr(inflight, "ANSWERED_GRACE_SECS", 0.5)
    async with session() as at:
        at.rival.place("SELL", "1", "2505")
        at.venue.faults.add(Lose(channels=("orders",), private=True, n=1))
        order = at.desk.limit(BUY, "0.1", "2510", post_only=True)
        await until(lambda: order.status == OrderStatus.SUBMITTED)
        await until(lambda: not at.venue.faults.pending)
        await at.venue.drop_connections()
        await until(lambda: order.status == OrderStatus.REJECTED)
        await until(lambda: at.node.execution.stream_status().healthy)
        watches = at.node.execution._background
        await until(
            lambda: not any("resolve create" in t.get_name() for t in watches._tasks),
            "the watch over the create has ended",
        )
        await at.ends_equal()
        assert at.node.story(order).count("OrderRejected") == 1
