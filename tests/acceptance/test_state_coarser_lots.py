"""Orders and positions that are finer than a lot that became coarser (trap 63)."""

from decimal import Decimal

from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.simulator import LocalParadex
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import Trader
from tests.acceptance.node import differences
from tests.acceptance.node import running_node
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal
from tests.acceptance.state_of_account import filled


MARKET = ETH.symbol.value
COARSE = Decimal("0.01")


async def test_a_lot_that_became_coarser_while_the_node_was_down_keeps_old_sizes_exact() -> None:
    """The start loads the instrument with the places that the account's state needs."""
    async with LocalParadex(market=False) as venue:
        account, maker = venue.create_account(KEY), Trader(venue)
        maker.place("BUY", "5", "2490.00")
        maker.place("SELL", "5", "2510.00")
        own = Trader(venue, account)
        own.place("BUY", "0.1234", "2510.00", "IOC")
        resting = own.place("BUY", "0.0567", "2495.00", client_id="O-FINE")
        venue.exchange.update_market(MARKET, order_size_increment=COARSE)
        desk = Desk()
        async with running_node(venue, account, strategies=[desk]) as node:
            assert not differences(node, venue, account)
            (position,) = node.cache.positions_open()
            assert position.signed_decimal_qty() == Decimal("0.1234")
            (order,) = node.cache.orders_open()
            assert order.quantity.as_decimal() == Decimal("0.0567")
            assert desk.instrument.size_precision == 4
            assert desk.instrument.size_increment.as_decimal() == COARSE
            assert f"Sizes of {MARKET} have 4 decimal places from now on" in node.log()
            # What is new is of the new lot, and what is old goes on.
            maker.place("SELL", "0.03", "2495.00", "IOC")
            await until(lambda: order.status == OrderStatus.PARTIALLY_FILLED, order)
            assert order.leaves_qty.as_decimal() == Decimal("0.0267")
            own.cancel(resting)
            await until(lambda: order.is_closed)
            await filled(desk.market(OrderSide.SELL, "0.12"))
            await until_equal(node, venue, account)


async def test_a_lot_that_becomes_coarser_while_the_node_runs_keeps_its_places() -> None:
    """The instrument never loses places, so that nothing is rounded."""
    async with trading_floor() as floor:
        await filled(floor.desk.market(OrderSide.BUY, "0.1234"))
        order = floor.desk.limit(OrderSide.BUY, "0.0567", "2400.00")
        await until(lambda: order.is_open)
        floor.venue.exchange.update_market(MARKET, order_size_increment=COARSE)
        await until(lambda: floor.desk.instrument.size_increment.as_decimal() == COARSE)
        assert floor.desk.instrument.size_precision == 4
        floor.desk.cancel_order(order)
        await until(lambda: order.status == OrderStatus.CANCELED)
        await floor.venue.drop_connections()
        await filled(floor.desk.market(OrderSide.SELL, "0.05"))
        await until_equal(floor.node, floor.venue, floor.account)
        (position,) = floor.node.cache.positions_open()
        assert position.signed_decimal_qty() == Decimal("0.0734")


async def test_the_lot_of_an_order_from_elsewhere_is_fitted_while_the_node_runs() -> None:
    """A node that started without any state in the market meets an old size later."""
    async with LocalParadex(market=False) as venue:
        account, maker = venue.create_account(KEY), Trader(venue)
        other = venue.create_account(public_key="0xabc")
        maker.place("SELL", "5", "2510.00")
        Trader(venue, other).place("BUY", "0.1234", "2510.00", "IOC")
        venue.exchange.update_market(MARKET, order_size_increment=COARSE)
        async with running_node(venue, account, may_fail=True) as node:
            assert node.cache.instrument(ETH).size_precision == 2
            venue.exchange.unwind_transfer(MARKET, other, account, Decimal("0.1234"), Decimal(2510))
            await until_equal(node, venue, account)
            assert node.cache.instrument(ETH).size_precision == 4
