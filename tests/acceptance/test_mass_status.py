"""What a node takes over from an account that has traded before (rule E10, P1, P2, P15)."""

from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.simulator import LocalParadex
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import Trader
from tests.acceptance.node import running_node
from tests.acceptance.node import until_equal


def trade_before(venue: LocalParadex, account: str) -> None:
    """Two lives of a position, a partly filled order, a resting one and a cancelled one."""
    maker, trader = Trader(venue), Trader(venue, account)
    maker.place("SELL", "5", "2510.00")
    maker.place("BUY", "5", "2490.00")
    trader.place("BUY", "0.4")
    trader.place("SELL", "0.4")
    trader.place("SELL", "0.3", client_id="OPENED-BEFORE")
    trader.place("BUY", "0.5", "2495.00", client_id="PARTLY-FILLED")
    maker.place("SELL", "0.2", "2495.00")
    trader.place("SELL", "0.6", "2505.00", client_id="RESTING")
    trader.cancel(trader.place("BUY", "0.1", "2400.00", client_id="CANCELLED"))


@pytest.mark.parametrize("lookback", [None, 60])
async def test_e10_an_account_with_a_past_is_taken_over_whole(lookback):
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        trade_before(venue, account)
        settings = {} if lookback is None else {"reconciliation_lookback_mins": lookback}
        async with running_node(venue, account, strategies=[Desk()], engine=settings) as node:
            await until_equal(node, venue, account)
            orders = {order.client_order_id.value: order for order in node.cache.orders()}
            assert orders["PARTLY-FILLED"].status == OrderStatus.PARTIALLY_FILLED
            assert orders["PARTLY-FILLED"].filled_qty.as_decimal() == Decimal("0.2")
            assert orders["RESTING"].status == OrderStatus.ACCEPTED
            assert orders["CANCELLED"].status == OrderStatus.CANCELED
            net = sum(p.signed_decimal_qty() for p in node.cache.positions())
            assert net == Decimal("-0.1")
            assert len(node.cache.orders()) == 6


async def test_e10_a_mass_status_holds_orders_ascending_fills_and_positions():
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        trade_before(venue, account)
        async with running_node(venue, account, strategies=[Desk()]) as node:
            status = await node.execution.generate_mass_status()
            assert len(status.order_reports) == 6
            fills = [fill for fills in status.fill_reports.values() for fill in fills]
            assert len(fills) == 4
            for reports in status.fill_reports.values():
                times = [report.ts_event for report in reports]
                assert times == sorted(times)
            (position,) = status.position_reports[ETH]
            assert position.signed_decimal_qty == Decimal("-0.1")
            assert position.venue_position_id is None
            # Giving it to the framework again changes nothing: no fill twice, no new order.
            node.execution._send_mass_status_report(status)
            await until_equal(node, venue, account)
            assert not node.execution.reconciliation_active


async def test_p2_p15_an_account_that_cannot_be_read_raises(monkeypatch):
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        async with running_node(venue, account, strategies=[Desk()]) as node:

            async def gone():
                raise TransportError("gone", sent=True)

            monkeypatch.setattr(node.execution._rest, "positions", gone)
            with pytest.raises(TransportError):
                await node.execution.generate_mass_status()
            assert not node.execution.reconciliation_active
            assert not node.execution._room.follower.is_holding
