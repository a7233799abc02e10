"""A node whose execution is examined: what its strategy is told, and what the venue got."""

from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import order_side_to_str
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderInitialized
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.orders import Order
from nautilus_trader.test_kit.strategies.tester_exec import ExecTester
from nautilus_trader.test_kit.strategies.tester_exec import ExecTesterConfig
from nautilus_trader.trading.strategy import Strategy

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.faults import LostRequest
from nautilus_paradex.simulator.faults import LostResponse
from nautilus_paradex.simulator.faults import RequestFault
from tests.acceptance.data_recording import followed
from tests.acceptance.node import _WRONG_WORDS as WRONG_WORDS
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import RunningNode
from tests.acceptance.node import Trader
from tests.acceptance.node import running_node
from tests.acceptance.node import until
from tests.acceptance.node import until_equal


SENT = ["OrderInitialized", "OrderSubmitted"]
TAKEN = [*SENT, "OrderAccepted"]
FILLED = [*TAKEN, "OrderFilled"]
CANCELED = [*TAKEN, "OrderPendingCancel", "OrderCanceled"]
MODIFIED = [*TAKEN, "OrderPendingUpdate", "OrderUpdated"]
REJECTED = [*SENT, "OrderRejected"]
DENIED = ["OrderInitialized", "OrderDenied"]

#: How a command comes to the venue: method and start of the path, by transport.
COMMANDS = {
    "rest": {
        "create": ("POST", "/orders"),
        "create_batch": ("POST", "/orders/batch"),
        "modify": ("PUT", "/orders"),
        "cancel": ("DELETE", "/orders"),
        "cancel_batch": ("DELETE", "/orders/batch"),
    },
    "ws": {
        "create": ("WS", "order.create"),
        "create_batch": ("WS", "order.create_batch"),
        "modify": ("WS", "order.modify"),
        "cancel": ("WS", "order.cancel"),
        "cancel_batch": ("WS", "order.cancel_batch"),
    },
}


# -- STRATEGIES ------------------------------------------------------------------------------------


def exec_tester(**config: Any) -> ExecTester:
    """Return the framework's tester: without limit orders unless they are asked for."""
    settings = {
        "instrument_id": ETH,
        "order_qty": Decimal("0.1"),
        "enable_limit_buys": False,
        "enable_limit_sells": False,
        "log_data": False,
    }
    return ExecTester(ExecTesterConfig(**(settings | config)))


class Starter(Desk):
    """
    Submits orders when it starts, for what the framework's tester has no switch.

    Parameters
    ----------
    makes : Callable[[Desk], Order]
        Make the orders.
    market : InstrumentId, default ETH
        Where it trades.
    config : dict
        Of the strategy.

    """

    def __init__(
        self, *makes: Callable[[Desk], Order], market: InstrumentId = ETH, **config: Any
    ) -> None:
        super().__init__(market, **config)
        self._makes = makes

    def on_start(self) -> None:
        for make in self._makes:
            self.submit_order(make(self))


# -- THE VENUE'S SIDE ------------------------------------------------------------------------------


class Commands:
    """Notes the order commands that come to a venue, from now on."""

    def __init__(self, venue: LocalParadex) -> None:
        self.seen: list[tuple[str, str]] = []
        queue = venue.faults
        original = queue.on_request

        def on_request(method: str, path: str) -> RequestFault | None:
            by_rest = method not in ("GET", "WS") and path.startswith("/orders")
            if by_rest or (method == "WS" and path.startswith("order.")):
                self.seen.append((method, path))
            return original(method, path)

        queue.on_request = on_request  # type: ignore[method-assign]  # the instance's own

    def kinds(self) -> list[str]:
        """Return what they were, as `COMMANDS` names them."""
        return [_kind(method, path) for method, path in self.seen]


def _kind(method: str, path: str) -> str:
    if method == "WS":
        return path.removeprefix("order.")
    one = {"POST": "create", "PUT": "modify", "DELETE": "cancel"}[method]
    return f"{one}_batch" if path == "/orders/batch" else one


# -- THE EXAM --------------------------------------------------------------------------------------


def _story(order: Order) -> list[str]:
    """Return an order's events; a cancel-all does not publish that it is pending."""
    return [type(event).__name__ for event in order.events]


class Exam[S: Strategy]:
    """
    A quiet market, a node that trades in it, and what its test asks of both.

    Attributes
    ----------
    venue : LocalParadex
        The venue.
    account : str
        The node's account.
    node : RunningNode
        The node.
    strategy : Strategy
        What trades.
    maker : Trader
        Quotes both sides.
    commands : Commands
        What came to the venue.

    """

    def __init__(
        self,
        transport: str,
        venue: LocalParadex,
        account: str,
        node: RunningNode,
        strategy: S,
        maker: Trader,
        commands: Commands,
    ) -> None:
        self._transport = transport
        self.venue = venue
        self.account = account
        self.node = node
        self.strategy = strategy
        self.maker = maker
        self.commands = commands
        self._told: dict[Order, list[str]] = {}

    # -- WHAT THE STRATEGY IS TOLD -----------------------------------------------------------------

    def orders(self) -> list[Order]:
        """Return the node's own orders, oldest first."""
        return [
            self.node.cache.order(event.client_order_id)
            for event in self.node.order_events
            if isinstance(event, OrderInitialized) and not event.reconciliation
        ]

    async def order(self, number: int = 0) -> Order:
        """Return one of the node's own orders, once it is made."""
        await until(lambda: len(self.orders()) > number, f"order {number}")
        return self.orders()[number]

    async def told(self, order: Order, story: Sequence[str]) -> OrderEvent:
        """
        Wait until an order's events are exactly these, and return the last.

        At the end of the exam they must be so still.
        """
        wanted = list(story)
        await until(
            lambda: _story(order) == wanted, lambda: f"{_story(order)} is not {wanted}: {order}"
        )
        self._told[order] = wanted
        return order.events[-1]

    # -- WHAT THE VENUE HAS ------------------------------------------------------------------------

    def at_venue(self, order: Order) -> model.Order:
        """Return the venue's view of an order."""
        return self.venue.exchange.queries.order(self.account, order.venue_order_id.value)

    def open_at_venue(self) -> list[str]:
        """Return the client ids of what is open at the venue, sorted."""
        orders = self.venue.exchange.queries.open_orders(self.account)
        return sorted(order.client_id for order in orders)

    def sent(self, command: str) -> int:
        """Return how many commands of a kind came."""
        return self.commands.kinds().count(command)

    # -- WHAT HAPPENS ------------------------------------------------------------------------------

    def abandon(self, side: OrderSide) -> None:
        """Have the maker leave a side of the market."""
        for order in self.venue.exchange.queries.open_orders(self.maker.account):
            if order.side.value == order_side_to_str(side):
                self.maker.cancel(order)

    async def healthy(self) -> None:
        """Wait until the private stream is up and reconciled."""
        await until(lambda: self.node.execution.stream_status().healthy, "the stream is healthy")

    async def reconcile(self) -> None:
        """Cut the account's stream, and wait until it is reconciled: there is no difference."""
        epoch = self.node.execution.stream_status().epoch
        for session in list(self.venue._server.sessions):
            if session.account:
                session.cut()
        await until(lambda: self.node.execution.stream_status().epoch > epoch, "another connection")
        await self.healthy()
        assert "REST and the node differ" not in self.node.log()

    async def failing[T](self, fault: RequestFault, command: Callable[[], T]) -> T:
        """
        Give a command that meets a fault, and wait until it has.

        Where that cuts the socket, wait until there is another.
        """
        epoch = self.node.execution.stream_status().epoch
        armed = self.venue.faults.add(fault)
        result = command()
        await until(lambda: armed.is_exhausted, f"{fault} fires")
        if fault.method == "WS" and isinstance(fault, (LostRequest, LostResponse)):
            await until(
                lambda: self.node.execution.stream_status().epoch > epoch, "another connection"
            )
            await self.healthy()
        return result

    def fault[F: RequestFault](self, kind: type[F], command: str, **values: Any) -> F:
        """Return a fault of a command, as it comes by the exam's transport."""
        method, path = COMMANDS[self._transport][command]
        return kind(method=method, path=path, **values)

    # -- AT THE END --------------------------------------------------------------------------------

    async def end(self, by_rest: Iterable[str], errors: Iterable[str]) -> None:
        """Check that node and venue agree, what was told and logged, and which way it went."""
        await until_equal(self.node, self.venue, self.account)
        self.venue.exchange.check_invariants()
        for order, story in self._told.items():
            assert _story(order) == story
            published = self.node.story(order)
            assert [name for name in story if name in published] == published
        self._check_log(errors)
        wrong = [
            f"{method} {path}"
            for method, path in self.commands.seen
            if (method == "WS") is (self._transport == "rest")
            and not any(fnmatchcase(f"{method} {path}", pattern) for pattern in by_rest)
        ]
        assert not wrong, wrong

    def _check_log(self, errors: Iterable[str]) -> None:
        wrong = [
            line
            for line in self.node.log().splitlines()
            if any(word in line for word in WRONG_WORDS)
            and not any(error in line for error in errors)
        ]
        assert not wrong


@asynccontextmanager
async def exam[S: Strategy](
    transport: str,
    strategy: S,
    *others: Strategy,
    market: InstrumentId = ETH,
    touch: tuple[str, str] = ("2490.00", "2510.00"),
    before: Callable[[LocalParadex, Trader], object] | None = None,
    by_rest: Iterable[str] = (),
    execution: Mapping[str, Any] | None = None,
    errors: Sequence[str] = (),
) -> AsyncIterator[Exam[S]]:
    """
    Run a node on a quiet market; at the end both must agree, and the log must be clean.

    Parameters
    ----------
    transport : str
        How its orders go.
    strategy : Strategy
        What trades.
    others : Strategy
        What else runs in the node.
    market : InstrumentId, default ETH
        Where it trades.
    touch : tuple[str, str]
        The maker's prices to buy and to sell.
    before : Callable[[LocalParadex, Trader], object], optional
        Trades before the node starts; gets the venue and the node's account as a trader.
    by_rest : Iterable[str]
        Patterns of methods and paths that go by REST all the same.
    execution : Mapping, optional
        Further settings of the execution client.
    errors : Sequence[str]
        What errors in the log may say; otherwise there must be none.

    """
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        symbol = market.symbol.value
        maker = Trader(venue, market=symbol)
        maker.place("BUY", "1", touch[0])
        maker.place("SELL", "1", touch[1])
        if before is not None:
            before(venue, Trader(venue, account, symbol))
        commands = Commands(venue)
        async with running_node(
            venue,
            account,
            strategies=[strategy, *others],
            instruments=[market],
            execution={"order_transport": transport} | dict(execution or {}),
            may_fail=bool(errors),
        ) as node:
            if isinstance(strategy, ExecTester):
                # It acts upon quotes, and they come when the touch changes.
                await until(lambda: any(f"bbo.{symbol}" in socket for socket in followed(venue)))
                maker.place("BUY", "0.5", touch[0])
            at = Exam(transport, venue, account, node, strategy, maker, commands)
            yield at
            await at.end(by_rest, errors)
