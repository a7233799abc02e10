"""Whatever is done to the exchange, its books add up, and the same is done the same way."""

from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import invariant
from hypothesis.stateful import precondition
from hypothesis.stateful import rule

from nautilus_paradex.simulator.engine.model import Fill
from nautilus_paradex.simulator.engine.model import FillMade
from nautilus_paradex.simulator.engine.model import Instruction
from nautilus_paradex.simulator.engine.model import Order
from nautilus_paradex.simulator.engine.model import OrderChanged
from nautilus_paradex.simulator.engine.model import OrderStatus
from nautilus_paradex.simulator.engine.model import OrderType
from nautilus_paradex.simulator.engine.model import Refusal
from nautilus_paradex.simulator.engine.model import Stp
from nautilus_paradex.simulator.engine.model import SystemState
from tests.simulator.engine_desk import ALICE
from tests.simulator.engine_desk import BOB
from tests.simulator.engine_desk import BTC
from tests.simulator.engine_desk import CAROL
from tests.simulator.engine_desk import RO
from tests.simulator.engine_desk import Desk
from tests.simulator.engine_desk import d


MARKETS = {BTC: 60000, "ETH-USD": 2500, "BTC-USD-72000-C": 2000}
ACCOUNTS = st.sampled_from((ALICE, BOB, CAROL))
SIDES = st.sampled_from(("BUY", "SELL"))
SIZES = st.integers(1, 40).map(lambda n: Decimal(n) / 20)
OFFSETS = st.integers(-8, 8)
PLACES = st.sampled_from(tuple(MARKETS))


class ExchangeMachine(RuleBasedStateMachine):
    """Random commands of three accounts in three kinds of market."""

    def __init__(self) -> None:
        super().__init__()
        # Little enough that margin checks and liquidations happen.
        self.desk = Desk(cash="8000")
        self.marks = dict(MARKETS)
        for market, price in MARKETS.items():
            self.desk.prices(market, price, price if market != "BTC-USD-72000-C" else 70000)
        for account in (ALICE, BOB, CAROL):
            self.desk.exchange.deposit(account, d(1), "ETH")
        self.new: list[Order] = []
        self.placed: list[Order] = []
        self.pending: list[tuple[str, str]] = []

    def _price(self, market: str, offset: int) -> Decimal:
        return self.marks[market] + offset * Decimal(self.marks[market]) / 1000 // 1

    @rule(
        account=ACCOUNTS,
        side=SIDES,
        size=SIZES,
        offset=OFFSETS,
        market=PLACES,
        instruction=st.sampled_from(Instruction),
        stp=st.sampled_from(Stp),
        interactive=st.booleans(),
        reduce_only=st.booleans(),
    )
    def submit_limit(self, account, side, size, offset, market, **more) -> None:
        flags = RO if more.pop("reduce_only") else ()
        command = self.desk.command(
            account, side, size, self._price(market, offset), market=market, flags=flags, **more
        )
        self._submit(command)

    @rule(account=ACCOUNTS, side=SIDES, size=SIZES, market=PLACES)
    def submit_market(self, account, side, size, market) -> None:
        self._submit(self.desk.command(account, side, size, market=market))

    @rule(
        account=ACCOUNTS,
        side=SIDES,
        size=SIZES,
        offset=OFFSETS,
        kind=st.sampled_from(OrderType),
        reduce_only=st.booleans(),
    )
    def submit_trigger(self, account, side, size, offset, kind, reduce_only) -> None:
        price = None if kind.endswith("MARKET") else self._price(BTC, offset)
        command = self.desk.command(
            account,
            side,
            size,
            price,
            kind=kind,
            trigger=self._price(BTC, offset),
            flags=RO if reduce_only else (),
        )
        self._submit(command)

    def _submit(self, command) -> None:
        try:
            self.new.append(self.desk.exchange.submit(command))
        except Refusal:
            return

    @rule(
        account=ACCOUNTS,
        side=SIDES,
        size=SIZES,
        offset=st.integers(-2, 2),
        market=PLACES,
        stp=st.sampled_from(Stp),
    )
    def place_near_the_mark(self, account, side, size, offset, market, stp) -> None:
        price = self._price(market, offset)
        command = self.desk.command(account, side, size, price, market=market, stp=stp)
        try:
            self.placed.append(self.desk.exchange.place(command))
        except Refusal:
            return

    @rule(account=ACCOUNTS, other=ACCOUNTS, size=SIZES, offset=st.integers(-2, 2), market=PLACES)
    def trade(self, account, other, size, offset, market) -> None:
        price = self._price(market, offset)
        for name, side in ((account, "SELL"), (other, "BUY")):
            command = self.desk.command(name, side, size, price, market=market)
            try:
                self.placed.append(self.desk.exchange.place(command))
            except Refusal:
                return

    @precondition(lambda self: self._holders())
    @rule(data=st.data(), kind=st.sampled_from(OrderType), offset=st.integers(0, 20))
    def reduce(self, data, kind, offset) -> None:
        account, size = data.draw(st.sampled_from(self._holders()))
        up = -1 if size > 0 else 1
        price = None if kind.endswith("MARKET") else self._price(BTC, -up * offset)
        trigger = None
        if kind not in (OrderType.LIMIT, OrderType.MARKET):
            trigger = self._price(BTC, -up * offset if kind.startswith("TAKE") else up * offset)
        command = self.desk.command(
            account,
            "SELL" if size > 0 else "BUY",
            abs(size),
            price,
            kind=kind,
            trigger=trigger,
            flags=RO,
        )
        try:
            self.placed.append(self.desk.exchange.place(command))
        except Refusal:
            return

    def _holders(self) -> list[tuple[str, Decimal]]:
        sizes = [(account, self.desk.size(account)) for account in (ALICE, BOB, CAROL)]
        return [(account, size) for account, size in sizes if size]

    @precondition(lambda self: self.new)
    @rule(data=st.data())
    def process(self, data) -> None:
        order = self.new.pop(data.draw(st.integers(0, len(self.new) - 1)))
        self.placed.append(self.desk.exchange.process(order.id))

    @precondition(lambda self: self.placed)
    @rule(data=st.data())
    def cancel(self, data) -> None:
        self.desk.exchange.process_cancel(data.draw(st.sampled_from(self.placed)).id)

    @precondition(lambda self: self.placed)
    @rule(data=st.data(), size=SIZES, offset=OFFSETS)
    def modify(self, data, size, offset) -> None:
        order = self.desk.order(data.draw(st.sampled_from(self.placed)))
        changes = {"size": size}
        if order.price is not None:
            changes["price"] = self._price(order.market, offset)
        try:
            pending = self.desk.exchange.modify(self.desk.modify(order, **changes))
        except Refusal:
            return
        self.pending.append((order.id, pending.request_info.id))

    @precondition(lambda self: self.pending)
    @rule(data=st.data())
    def process_modify(self, data) -> None:
        index = data.draw(st.integers(0, len(self.pending) - 1))
        self.desk.exchange.process_modify(*self.pending.pop(index))

    @rule(change=st.integers(-60, 60), seconds=st.integers(0, 5))
    def move_mark(self, change, seconds) -> None:
        self.desk.wait(seconds)
        self.marks[BTC] = min(max(self.marks[BTC] + change * 50, 50000), 70000)
        self.desk.prices(BTC, self.marks[BTC], 60000)

    @rule()
    def pass_a_release_window(self) -> None:
        self.desk.exchange.set_system_state(SystemState.POST_ONLY)
        self.books_add_up()
        self.desk.wait(1)
        self.desk.exchange.set_system_state(SystemState.OK)

    @rule(buyer=ACCOUNTS, seller=ACCOUNTS, size=SIZES)
    def block(self, buyer, seller, size) -> None:
        if buyer != seller:
            self.desk.exchange.block_trade(BTC, buyer, seller, size / 10, self.marks[BTC] * d(1))

    @invariant()
    def books_add_up(self) -> None:
        self.desk.exchange.check_invariants()

    def teardown(self) -> None:
        told = [event.order for event in self.desk.announced(OrderChanged)]
        fills = [event.fill for event in self.desk.announced(FillMade)]
        check_stories(told, fills)


def check_stories(told: list[Order], fills: list[Fill]) -> None:
    """Every order's announcements are a possible story, and its fills explain it."""
    last: dict[str, Order] = {}
    for order in told:
        before = last.get(order.id)
        if before is not None:
            assert before.status is not OrderStatus.CLOSED or order.request_info is not None
            assert order.seq_no > before.seq_no
            assert order.updated_us >= before.updated_us
        last[order.id] = order
    filled: dict[str, Decimal] = {}
    for fill in fills:
        if fill.order_id:
            filled[fill.order_id] = filled.get(fill.order_id, d(0)) + fill.size
    for order_id, order in last.items():
        assert order.size - order.remaining_size == filled.get(order_id, d(0))
    keys = [(fill.fill_type, fill.id) for fill in fills]
    assert len(keys) == len(set(keys))


ExchangeMachine.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestExchangeAddsUp = ExchangeMachine.TestCase


def run(seed: int) -> Desk:
    desk = Desk(cash="50000")
    rng = Random(seed)
    ids: list[str] = []
    for _ in range(400):
        desk.now_us += rng.randrange(200_000)
        choice = rng.random()
        if choice < 0.2 and ids:
            desk.exchange.process_cancel(rng.choice(ids))
        elif choice < 0.3:
            desk.prices(BTC, 60000 + rng.randrange(-300, 300), 60000)
            desk.exchange.advance()
        else:
            order = desk.place(
                rng.choice((ALICE, BOB, CAROL)),
                rng.choice(("BUY", "SELL")),
                Decimal(rng.randrange(1, 300)) / 1000,
                60000 + rng.randrange(-20, 20),
                instruction=rng.choice(list(Instruction)),
            )
            ids.append(order.id)
    desk.exchange.check_invariants()
    return desk


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_commands_and_clock_give_the_same_events(seed: int) -> None:
    one, two = run(seed), run(seed)
    assert len(one.announced(FillMade)) > 50
    assert one.events == two.events


def test_a_broken_book_is_noticed() -> None:
    desk = Desk()
    desk.trade(ALICE, BOB, "1", "60000")
    desk.exchange.check_invariants()
    account = desk.exchange._core.accounts[ALICE]
    account.balances["USDC"].size += d("0.00000001")
    with pytest.raises(AssertionError, match="USDC is not conserved"):
        desk.exchange.check_invariants()
    account.balances["USDC"].size -= d("0.00000001")
    account.holdings[BTC].size += d("0.00001")
    with pytest.raises(AssertionError, match="do not sum to 0"):
        desk.exchange.check_invariants()
