"""Who trades while something is wrong: the rival, another client of the account, the strategy."""

import asyncio
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import Trader
from tests.faults.sessions import BUY
from tests.faults.sessions import MARKET
from tests.faults.sessions import SELL
from tests.virtual.sessions import VirtualSession


#: Where there is always somebody to trade with.
FAR_BID: Final = "2480"
FAR_ASK: Final = "2520"


class Traffic:
    """
    Draws what happens next from the session's seed, and counts what was done.

    Parameters
    ----------
    at : VirtualSession
        The session.

    Attributes
    ----------
    done : Counter[str]
        How often each kind of thing was done.

    """

    def __init__(self, at: VirtualSession) -> None:
        self.at = at
        self.done: Counter[str] = Counter()
        self.other = Trader(at.venue, at.account)
        self._exchange = at.venue.exchange
        maker = Trader(at.venue, at.venue.create_account(public_key="0xd00d", usdc="100000000"))
        maker.place("BUY", "2000", FAR_BID)
        maker.place("SELL", "2000", FAR_ASK)
        self._commands: tuple[Callable[[], str | None], ...] = (
            self._place,
            self._place,
            self._take,
            self._modify,
            self._cancel,
        )
        self._foreign: tuple[Callable[[], str | None], ...] = (
            self._other_places,
            self._other_cancels,
            self._other_modifies,
            self._other_flips,
            self._other_transfers,
            self._other_sets_leverage,
        )

    # -- RUNNING -----------------------------------------------------------------------------------

    async def run(self, seconds: float, every: float, *, commands: bool = True) -> None:
        """Let things happen for so long, at random times about `every` seconds apart."""
        chance, loop = self.at.chance, self.at.loop
        end = loop.time() + seconds
        while (left := end - loop.time()) > 0:
            await asyncio.sleep(min(left, every * 2 * chance.random()))
            self.step(commands=commands)

    def step(self, *, commands: bool = True) -> None:
        """Let one thing happen."""
        draw = self.at.chance.randrange(9)
        if draw < 3:
            self._do(self._rival_trades)
        elif draw < 6 or not commands:
            self._do(self.at.chance.choice(self._foreign))
        else:
            self._do(self.at.chance.choice(self._commands))

    def elsewhere_all(self) -> None:
        """Let another client of the account do everything that it can, once."""
        for act in self._foreign:
            self._do(act)

    def command_all(self) -> None:
        """Let the strategy give every kind of command, once."""
        for command in self._commands[1:]:
            self._do(command)

    def _do(self, act: Callable[[], str | None]) -> None:
        try:
            what = act()
        except model.Refusal:
            what = "refused elsewhere"
        if what is not None:
            self.done[what] += 1

    # -- THE RIVAL ---------------------------------------------------------------------------------

    def _rival_trades(self) -> str:
        side, price = self.at.chance.choice((("SELL", FAR_BID), ("BUY", FAR_ASK)))
        self.at.rival.place(side, self._size(), price, "IOC")
        return "trades"

    # -- ANOTHER CLIENT OF THE ACCOUNT -------------------------------------------------------------

    def _other_places(self) -> str:
        side, price = self.at.chance.choice((("BUY", 2485), ("SELL", 2515)))
        self.other.place(side, self._size(), str(price + self.at.chance.randrange(-3, 4)))
        return "placed elsewhere"

    def _other_cancels(self) -> str | None:
        order = self._any_resting()
        if order is None:
            return None
        self.other.cancel(order)
        return "canceled elsewhere"

    def _other_modifies(self) -> str | None:
        order = self._any_resting()
        if order is None or order.price is None:
            return None
        command = model.ModifyCommand(
            account=self.at.account,
            order_id=order.id,
            market=order.market,
            side=order.side,
            type=order.type,
            size=order.size + Decimal("0.5"),
            price=order.price + self.at.chance.choice((-1, 1)),
        )
        changed = self._exchange.modify(command)
        assert changed.request_info is not None
        self._exchange.process_modify(order.id, changed.request_info.id)
        return "modified elsewhere"

    def _other_flips(self) -> str:
        """Trade to the other side of the position, and a little beyond."""
        positions = self._exchange.queries.positions(self.at.account, MARKET)
        size = positions[0].size if positions else Decimal(0)
        side, price = ("SELL", "2470") if size >= 0 else ("BUY", "2530")
        # The account's own resting orders may stand in the way: the venue ends the taker then.
        name = f"elsewhere-{sum(self.done.values())}"
        self.other.place(side, str(abs(size) + Decimal("0.3")), price, "IOC", client_id=name)
        after = self._exchange.queries.positions(self.at.account, MARKET)
        flipped = bool(after) and after[0].size * size < 0
        return "flips" if flipped else "taken elsewhere"

    def _other_transfers(self) -> str:
        if self.at.chance.random() < 0.5:
            self._exchange.deposit(self.at.account, Decimal(100))
        else:
            self._exchange.withdraw(self.at.account, Decimal(50))
        return "transfers"

    def _other_sets_leverage(self) -> str:
        leverage = self.at.chance.randrange(5, 11)
        self._exchange.set_leverage(self.at.account, MARKET, leverage)
        return "leverages set"

    # -- THE STRATEGY ------------------------------------------------------------------------------

    def _place(self) -> str:
        side, price = self.at.chance.choice(((BUY, 2490), (SELL, 2510)))
        price += self.at.chance.randrange(-5, 6)
        self.at.desk.limit(side, self._size(), str(price), post_only=True)
        return "placed"

    def _take(self) -> str:
        if self.at.chance.random() < 0.5:
            self.at.desk.market(self._side(), self._size())
        else:
            side = self._side()
            price = FAR_ASK if side == BUY else FAR_BID
            self.at.desk.limit(side, self._size(), price, time_in_force=TimeInForce.IOC)
        return "taken"

    def _modify(self) -> str | None:
        order = self._own()
        if order is None:
            return None
        step = self.at.chance.choice((-1, 1))
        self.at.reprice(order, str(order.price.as_decimal() + step))
        return "modified"

    def _cancel(self) -> str | None:
        order = self._own()
        if order is None:
            return None
        self.at.desk.cancel_order(order)
        return "canceled"

    # -- DRAWING -----------------------------------------------------------------------------------

    def _own(self) -> Order | None:
        cache = self.at.node.cache
        orders = cache.orders_open(strategy_id=self.at.desk.id)
        ready = sorted((o for o in orders if not o.is_inflight), key=lambda o: o.client_order_id)
        return self.at.chance.choice(ready) if ready else None

    def _any_resting(self) -> model.Order | None:
        orders = self._exchange.queries.open_orders(self.at.account)
        return self.at.chance.choice(orders) if orders else None

    def _side(self) -> OrderSide:
        return self.at.chance.choice((BUY, SELL))

    def _size(self) -> str:
        return str(self.at.chance.randrange(1, 9) / 10)
