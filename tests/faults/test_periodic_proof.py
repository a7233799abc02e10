"""The periodic proof finds what the stream never said, names it, and takes it over (S7)."""

from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.simulator import faults
from tests.acceptance.node import ETH
from tests.acceptance.node import Trader
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal


BUY = OrderSide.BUY
QUICK = {"reconcile_interval_secs": 0.5}


def named(log: str) -> list[str]:
    """Return the warnings of the proof."""
    return [line for line in log.splitlines() if "REST and the node differ" in line]


async def test_s7_frames_that_a_living_socket_lost_are_found_and_named() -> None:
    async with trading_floor(execution=QUICK) as floor:
        order = floor.desk.limit(BUY, "0.1", "2495.00")
        await until(lambda: order.status == OrderStatus.ACCEPTED)
        lost = ("orders", "fills", "positions", "account", "balance_events")
        floor.venue.faults.add(faults.Lose(channels=lost, private=True, n=1_000))
        floor.maker.place("SELL", "0.1", "2495.00", instruction="IOC")
        other = Trader(floor.venue, floor.account)
        external = other.place("BUY", "0.2", "2400.00")
        await until(lambda: order.status == OrderStatus.FILLED)
        await until_equal(floor.node, floor.venue, floor.account)
        words = "\n".join(named(floor.node.log()))
        assert f"order {external.id} ('') is OPEN at the venue only" in words
        assert f"position {ETH.symbol} is 0 here and 0.1 at the venue" in words


async def test_s7_nothing_is_named_while_both_say_the_same() -> None:
    async with trading_floor(execution={"reconcile_interval_secs": 0.05}) as floor:
        for price in ("2400.00", "2401.00"):
            order = floor.desk.limit(BUY, "0.1", price)
            await until(lambda: order.is_open)  # noqa: B023 - awaited here
        bought = floor.desk.market(BUY, "0.1")
        await until(lambda: bought.is_closed)
        readings = []
        recovery = floor.node.execution._keeping.recovery
        original = recovery._reconcile

        async def reconcile(start_ms: int) -> None:
            await original(start_ms)
            readings.append(start_ms)

        recovery._reconcile = reconcile
        await until(lambda: len(readings) >= 3)
        assert not named(floor.node.log())
        await until_equal(floor.node, floor.venue, floor.account)


@pytest.mark.parametrize("field", ["price", "size"])
async def test_s7_terms_that_differ_are_named(field: str) -> None:
    async with trading_floor(execution=QUICK) as floor:
        order = floor.desk.limit(BUY, "0.1", "2400.00")
        await until(lambda: order.is_open)
        floor.venue.faults.add(faults.Lose(channels=("orders",), private=True, n=1_000))
        engine = floor.venue.exchange
        live = engine.queries.order(floor.account, order.venue_order_id.value)
        changed = {"price": Decimal(2401)} if field == "price" else {"size": Decimal("0.2")}
        terms = {"price": live.price, "size": live.size} | changed
        await _modify(floor, live, terms)
        await until(
            lambda: (
                order.price.as_decimal() == terms["price"]
                and order.quantity.as_decimal() == terms["size"]
            )
        )
        await until_equal(floor.node, floor.venue, floor.account)


async def _modify(floor, live, terms) -> None:
    from nautilus_paradex.simulator.engine.commands import ModifyCommand  # noqa: PLC0415

    engine = floor.venue.exchange
    command = ModifyCommand(
        account=floor.account,
        order_id=live.id,
        market=live.market,
        side=live.side,
        type=live.type,
        price=terms["price"],
        size=terms["size"],
    )
    pending = engine.modify(command)
    engine.process_modify(live.id, pending.request_info.id)
