"""An exchange with a virtual clock, two or three accounts and a record of what was announced."""

from decimal import Decimal
from random import Random

from nautilus_paradex.simulator.engine.exchange import Exchange
from nautilus_paradex.simulator.engine.markets import default_markets
from nautilus_paradex.simulator.engine.model import Event
from nautilus_paradex.simulator.engine.model import Instruction
from nautilus_paradex.simulator.engine.model import ModifyCommand
from nautilus_paradex.simulator.engine.model import Order
from nautilus_paradex.simulator.engine.model import OrderChanged
from nautilus_paradex.simulator.engine.model import OrderCommand
from nautilus_paradex.simulator.engine.model import OrderFlag
from nautilus_paradex.simulator.engine.model import OrderType
from nautilus_paradex.simulator.engine.model import Position
from nautilus_paradex.simulator.engine.model import Side


BTC = "BTC-USD-PERP"
ALICE = "0xa11ce"
BOB = "0xb0b"
CAROL = "0xca401"
T0_US = 1_795_252_800_000_000
"""2026-11-21 10:40 UTC, a Saturday."""
RO = (OrderFlag.REDUCE_ONLY,)


def d(text: str | int) -> Decimal:
    return Decimal(text)


class Desk:
    """Short words for what the tests do."""

    def __init__(self, cash: str = "1000000") -> None:
        self.now_us = T0_US
        self.exchange = Exchange(
            clock_us=lambda: self.now_us, rng=Random(1), markets=default_markets(T0_US)
        )
        self.events: list[Event] = []
        for account in (ALICE, BOB, CAROL):
            self.exchange.register_account(account, account, rpi_allowed=True)
            self.exchange.deposit(account, d(cash))
        self.prices(BTC, 60000)
        self.exchange.subscribe(self.events.append)

    def prices(self, market: str, mark: str | int, underlying: str | int | None = None) -> None:
        self.exchange.set_prices(
            market, mark=d(mark), underlying=d(mark if underlying is None else underlying)
        )

    def command(
        self,
        account: str,
        side: str,
        size: str | int,
        price: str | int | None = None,
        *,
        market: str = BTC,
        kind: OrderType | None = None,
        trigger: str | int | None = None,
        **more: object,
    ) -> OrderCommand:
        if kind is None:
            kind = OrderType.MARKET if price is None else OrderType.LIMIT
        return OrderCommand(
            account=account,
            market=market,
            side=Side(side),
            type=kind,
            size=d(size),
            price=None if price is None else d(price),
            trigger_price=None if trigger is None else d(trigger),
            **more,
        )

    def place(self, account: str, side: str, size: str | int, *args, **more) -> Order:
        return self.exchange.place(self.command(account, side, size, *args, **more))

    def post(self, account: str, side: str, size: str | int, price: str | int, **more) -> Order:
        return self.place(account, side, size, price, instruction=Instruction.POST_ONLY, **more)

    def modify(self, order: Order, **changes: object) -> ModifyCommand:
        values: dict[str, object] = {
            "size": order.size,
            "price": order.price,
            "trigger_price": order.trigger_price,
        }
        values.update({key: d(value) for key, value in changes.items()})
        return ModifyCommand(
            account=order.account,
            order_id=order.id,
            market=order.market,
            side=order.side,
            type=order.type,
            **values,
        )

    def change(self, order: Order, **changes: object) -> Order:
        pending = self.exchange.modify(self.modify(order, **changes))
        return self.exchange.process_modify(order.id, pending.request_info.id)

    def trade(self, buyer: str, seller: str, size: str | int, price: str | int, **more) -> None:
        """Let one account buy from another through the book."""
        self.place(seller, "SELL", size, price, **more)
        self.place(buyer, "BUY", size, price, **more)

    def order(self, order: Order) -> Order:
        return self.exchange.queries.order(order.account, order.id)

    def position(self, account: str, market: str = BTC) -> Position | None:
        rows = self.exchange.queries.positions(account, market)
        return rows[0] if rows else None

    def size(self, account: str, market: str = BTC) -> Decimal:
        row = self.position(account, market)
        return d(0) if row is None else row.size

    def cash(self, account: str) -> Decimal:
        return self.exchange.queries.balances(account)[0].size

    def announced[E](self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def order_events(self, order: Order) -> list[Order]:
        return [e.order for e in self.announced(OrderChanged) if e.order.id == order.id]

    def wait(self, seconds: float) -> None:
        self.now_us += round(seconds * 1_000_000)
        self.exchange.advance()
