"""What happens to a node in virtual time; each story is told by several tests."""

import asyncio
from typing import Final

from tests.acceptance.node import Trader
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.virtual.sessions import VirtualSession


#: Virtual seconds within which a node has to be healthy again.
_HEALTHY_DEADLINE_S: Final = 120.0

_STATE_IS_KNOWN_S: Final = 60.0


async def rest_orders(at: VirtualSession, levels: int = 5) -> None:
    """Rest orders on both sides, and let some be filled in part."""
    for level in range(1, levels + 1):
        await at.rest(BUY, "1", str(2500 - level))
        await at.rest(SELL, "1", str(2500 + level))
    at.rival.place("SELL", "0.4", "2499", "IOC")
    at.rival.place("BUY", "0.3", "2501", "IOC")


def act_at_the_venue(at: VirtualSession) -> None:
    """Let the rival trade, or another client of the node's account place or cancel an order."""
    exchange, chance = at.venue.exchange, at.chance
    mine = exchange.queries.open_orders(at.account)
    size = str(chance.randrange(1, 9) / 10)
    match chance.randrange(6):
        case 0 if mine:
            order = chance.choice(mine)
            exchange.cancel(at.account, order.id)
            exchange.process_cancel(order.id)
        case 1:
            side, price = chance.choice((("BUY", "2480"), ("SELL", "2520")))
            Trader(at.venue, at.account).place(side, size, price)
        case 2 | 3:
            at.rival.place("SELL", size, "2480", "IOC")
        case _:
            at.rival.place("BUY", size, "2520", "IOC")


async def trade_at_the_venue(at: VirtualSession, seconds: float, every: float) -> None:
    """Let things happen at the venue for so long, at random times."""
    end = at.loop.time() + seconds
    while (left := end - at.loop.time()) > 0:
        await asyncio.sleep(min(left, every * 2 * at.chance.random()))
        act_at_the_venue(at)


async def until_healthy(at: VirtualSession) -> None:
    """Wait until both streams are healthy."""
    await until(
        lambda: at.node.execution.stream_status().healthy and at.node.data.stream_status().healthy,
        lambda: (at.node.execution.stream_status(), at.node.data.stream_status()),
        _HEALTHY_DEADLINE_S,
    )


async def outage(at: VirtualSession, seconds: float, every: float = 5.0) -> None:
    """The venue goes away for so long, while trading goes on there."""
    await rest_orders(at)
    await at.venue.stop_serving()
    await trade_at_the_venue(at, seconds, every)
    assert not at.node.execution.stream_status().connected
    await at.venue.resume_serving()
    await until_healthy(at)
    await at.ends_equal()
    await trade_at_the_venue(at, 10.0, 1.0)
