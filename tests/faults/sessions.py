"""A node, its venue and another trader, and the proof that node and venue end equal."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from collections.abc import Iterable
from collections.abc import Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import RunningNode
from tests.acceptance.node import Trader
from tests.acceptance.node import differences
from tests.acceptance.node import running_node
from tests.acceptance.node import until
from tests.proof.history import violations
from tests.proof.recording import record


BUY, SELL = OrderSide.BUY, OrderSide.SELL
MARKET = ETH.symbol.value
MARK = Decimal(2500)

#: How long node and venue may take to agree, seconds; shorter where they are known never to.
EQUAL_DEADLINE_S = float(os.environ.get("EQUAL_DEADLINE_S", "30"))

#: Equality must last: a fill that comes twice comes late.
_LASTING_S = 0.4

_STUCK = frozenset(
    {
        OrderStatus.INITIALIZED,
        OrderStatus.SUBMITTED,
        OrderStatus.PENDING_UPDATE,
        OrderStatus.PENDING_CANCEL,
    }
)


class Session:
    """
    What a test of a fault has at hand.

    Attributes
    ----------
    venue : LocalParadex
        The venue, without a market of its own.
    account : str
        The node's account.
    node : RunningNode
        The node.
    desk : Desk
        Its strategy.
    rival : Trader
        Who trades against it, past every fault.
    requests : list[tuple[str, str]]
        Method and path of every request that reached the venue, carried out or not.

    """

    #: Seconds between two comparisons of node and venue.
    poll_s = 0.02

    def __init__(self, venue: LocalParadex, account: str, node: RunningNode, desk: Desk) -> None:
        self.venue = venue
        self.account = account
        self.node = node
        self.desk = desk
        self.rival = Trader(venue)
        self.requests = recorded_requests(venue)

    # -- THE NODE'S ORDERS -------------------------------------------------------------------------

    async def rest(self, side: OrderSide, size: str, price: str) -> Order:
        """Submit an order that rests, and wait until it does."""
        order = self.desk.limit(side, size, price, post_only=True)
        await until(lambda: order.status == OrderStatus.ACCEPTED, f"{order} rests")
        return order

    def reprice(self, order: Order, price: str) -> None:
        """Ask for another price."""
        self.desk.modify_order(order, price=self.desk.instrument.make_price(Decimal(price)))

    def resize(self, order: Order, size: str) -> None:
        """Ask for another size."""
        self.desk.modify_order(order, quantity=self.desk.instrument.make_qty(Decimal(size)))

    def modify_from_elsewhere(self, order: Order, size: str) -> None:
        """Give an order another size past the node, as on the venue's own page."""
        exchange = self.venue.exchange
        known = exchange.queries.order(self.account, order.venue_order_id.value)
        command = model.ModifyCommand(
            account=self.account,
            order_id=known.id,
            market=known.market,
            side=known.side,
            type=known.type,
            size=Decimal(size),
            price=known.price,
        )
        changed = exchange.modify(command)
        assert changed.request_info is not None
        exchange.process_modify(known.id, changed.request_info.id)

    def sent(self, method: str, path: str = "/orders") -> int:
        """Return how many such requests reached the venue."""
        return self.requests.count((method, path))

    # -- PROOF -------------------------------------------------------------------------------------

    def troubles(self) -> list[str]:
        """Return where the node differs from the venue, what is told twice and what is stuck."""
        return [
            *differences(self.node, self.venue, self.account),
            *self._told_twice(),
            *self.stuck(),
        ]

    async def ends_equal(self, deadline_s: float = EQUAL_DEADLINE_S) -> None:
        """Wait until the node is equal to the venue, and stays so; fail with what differs."""
        loop = asyncio.get_running_loop()
        end = loop.time() + deadline_s
        equal_since: float | None = None
        while equal_since is None or loop.time() - equal_since < _LASTING_S:
            found = self.troubles()
            if found:
                equal_since = None
                assert loop.time() < end, "\n".join(found)
            elif equal_since is None:
                equal_since = loop.time()
            await asyncio.sleep(self.poll_s)
        self.venue.exchange.check_invariants()
        wrong = violations(record(self.node, self.venue, self.account))
        assert not wrong, "\n".join(wrong)

    def _told_twice(self) -> list[str]:
        counts = Counter(
            event.trade_id.value
            for event in self.node.order_events
            if isinstance(event, OrderFilled)
        )
        known = {fill.id for fill in self.venue.exchange.queries.fills(self.account)}
        return [f"fill {key} was told {n} times" for key, n in counts.items() if n > 1] + [
            f"fill {key} was invented" for key in counts if key not in known
        ]

    def stuck(self) -> list[str]:
        """Return the commands whose outcome is not known yet."""
        orders = [order for order in self.node.cache.orders() if order.status in _STUCK]
        trackers = [
            tracker
            for tracker in self.node.execution._room.registry.live()
            if tracker.cancel_pending or tracker.modifies
        ]
        commands = [task.get_name() for task in self.node.execution._tasks if not task.done()]
        return [f"stuck: {each}" for each in (*orders, *trackers, *commands)]


@asynccontextmanager
async def session(
    *,
    config: SimulatorConfig | None = None,
    execution: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    instruments: Iterable[InstrumentId] = (ETH,),
    seed: int = 1,
    may_fail: bool = False,
) -> AsyncIterator[Session]:
    """Run a venue whose books are empty, and a node on it; settings as of `running_node`."""
    async with LocalParadex(seed=seed, market=False, config=config) as venue:
        account = venue.create_account(KEY)
        desk = Desk()
        async with running_node(
            venue,
            account,
            strategies=[desk],
            instruments=instruments,
            data=data,
            execution=execution,
            # A fault may be called an error; that it is made good is what counts.
            may_fail=True,
        ) as node:
            yield Session(venue, account, node, desk)


def recorded_requests(venue: LocalParadex) -> list[tuple[str, str]]:
    """Return a list that gets every request's method and path from now on."""
    requests: list[tuple[str, str]] = []
    queue = venue.faults
    original = queue.on_request

    def on_request(method: str, path: str) -> Any:
        requests.append((method, path))
        return original(method, path)

    queue.on_request = on_request
    return requests


def fills_of(venue: LocalParadex, account: str) -> list[model.Fill]:
    """Return the account's fills, oldest first."""
    return venue.exchange.queries.fills(account)[::-1]
