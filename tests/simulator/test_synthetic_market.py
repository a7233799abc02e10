"""The seeded synthetic market: deterministic, realistic, bounded."""

from decimal import Decimal
from random import Random

import pytest

from nautilus_paradex.simulator.engine.exchange import Exchange
from nautilus_paradex.simulator.engine.markets import default_markets
from nautilus_paradex.simulator.engine.model import BboChanged
from nautilus_paradex.simulator.engine.model import Event
from nautilus_paradex.simulator.engine.model import FillMade
from nautilus_paradex.simulator.engine.model import Instruction
from nautilus_paradex.simulator.engine.model import OrderCommand
from nautilus_paradex.simulator.engine.model import OrderType
from nautilus_paradex.simulator.engine.model import Side
from nautilus_paradex.simulator.engine.model import SystemState
from nautilus_paradex.simulator.engine.model import TradePrinted
from nautilus_paradex.simulator.market import QUIET
from nautilus_paradex.simulator.market import SyntheticMarket
from tests.simulator.engine_desk import BTC
from tests.simulator.engine_desk import T0_US
from tests.simulator.engine_desk import d


STEP_US = 50_000


class Scene:
    """An exchange with a synthetic market on a virtual clock."""

    def __init__(
        self, seed: int = 1, markets: list[str] | None = None, start_us: int = T0_US, **more
    ) -> None:
        self.now_us = start_us
        self.exchange = Exchange(
            clock_us=lambda: self.now_us, rng=Random(seed), markets=default_markets(start_us)
        )
        self.events: list[Event] = []
        self.exchange.subscribe(self.events.append)
        self.market = SyntheticMarket(self.exchange, seed, markets, **more)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 1_000_000 / STEP_US)):
            self.now_us += STEP_US
            self.market.step(self.now_us)
            self.exchange.advance()

    def of[E](self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]


def test_a_seed_gives_the_same_events_and_another_seed_others() -> None:
    scenes = [Scene(7), Scene(7), Scene(8)]
    for scene in scenes:
        scene.run(5)
    assert len(scenes[0].of(TradePrinted)) > 20
    assert scenes[0].events == scenes[1].events
    assert scenes[0].events != scenes[2].events


def test_leaving_a_market_out_changes_no_other() -> None:
    both, alone = Scene(3, [BTC, "ETH-USD-PERP"]), Scene(3, [BTC])
    for scene in (both, alone):
        scene.run(5)
    seen = [
        [(e.trade.price, e.trade.size) for e in scene.of(TradePrinted) if e.trade.market == BTC]
        for scene in (both, alone)
    ]
    assert seen[0]
    assert seen[0] == seen[1]


def test_every_open_market_is_quoted_both_ways_with_a_realistic_spread() -> None:
    scene = Scene(2)
    scene.run(4)
    queries = scene.exchange.queries
    for spec in queries.markets():
        bbo = queries.bbo(spec.symbol)
        if spec.symbol in ("AVAX-USD-PERP", "TIA-USD-PERP"):
            assert (bbo.bid, bbo.ask) == (None, None), "RFQ only, not open yet"
            continue
        assert bbo.bid < bbo.ask, spec.symbol
        mark = queries.market_summary(spec.symbol).mark_price
        widest = d("0.06") if spec.option_type else d("0.001")
        assert bbo.ask - bbo.bid <= max(mark * widest, 3 * spec.price_tick_size), spec.symbol
        assert not bbo.bid % spec.price_tick_size
        assert not bbo.bid_size % spec.order_size_increment
    scene.exchange.check_invariants()


def test_the_lively_market_moves_quotes_and_trades_all_the_time() -> None:
    scene = Scene(4, [BTC])
    scene.run(20)
    assert len(scene.of(TradePrinted)) > 20
    quotes = [e.bbo for e in scene.of(BboChanged) if not e.interactive]
    assert len({bbo.bid for bbo in quotes}) > 10
    mark = scene.exchange.queries.market_summary(BTC).mark_price
    assert d(67000) < mark < d(69000)
    book = scene.exchange.queries.book(BTC)
    assert len(book.bids) >= 5
    assert len(book.asks) >= 5


def test_rpi_quotes_are_inside_the_api_spread() -> None:
    scene = Scene(4, [BTC])
    scene.run(3)
    queries = scene.exchange.queries
    api, interactive = queries.bbo(BTC), queries.bbo(BTC, interactive=True)
    assert api.bid <= interactive.bid
    assert interactive.ask <= api.ask
    assert (interactive.bid, interactive.ask) != (api.bid, api.ask)


@pytest.mark.parametrize("seed", range(3))
def test_a_small_market_maker_at_the_best_prices_is_filled_within_seconds(seed: int) -> None:
    scene = Scene(seed, [BTC])
    scene.exchange.register_account("0xa", "0xa")
    scene.exchange.deposit("0xa", d(10_000))
    for _ in range(15):
        scene.run(1)
        for order in scene.exchange.cancel_all("0xa"):
            scene.exchange.process_cancel(order.id)
        bbo = scene.exchange.queries.bbo(BTC)
        for side, price in ((Side.BUY, bbo.bid), (Side.SELL, bbo.ask)):
            scene.exchange.place(
                OrderCommand(
                    account="0xa",
                    market=BTC,
                    side=side,
                    type=OrderType.LIMIT,
                    size=d("0.001"),
                    price=price,
                    instruction=Instruction.POST_ONLY,
                )
            )
    assert len(scene.of(FillMade)) >= 3
    scene.exchange.check_invariants()


def test_a_quote_on_the_wrong_side_of_the_mark_is_picked_off_at_the_next_step() -> None:
    scene = Scene(1, ["ETH-USD-PERP"])
    scene.exchange.register_account("0xa", "0xa")
    scene.exchange.deposit("0xa", d(10_000))
    scene.run(2)
    for order in scene.market.accounts:
        for row in scene.exchange.cancel_all(order):
            scene.exchange.process_cancel(row.id)
    scene.exchange.place(
        OrderCommand(
            account="0xa",
            market="ETH-USD-PERP",
            side=Side.BUY,
            type=OrderType.LIMIT,
            size=d(1),
            price=d(2550),
        )
    )
    scene.run(0.1)
    (row,) = scene.exchange.queries.positions("0xa")
    assert row.size == d(1)


def test_an_underlying_can_be_moved_and_its_markets_follow() -> None:
    scene = Scene(1, [BTC, "BTC-USD-27NOV26-68000-C"])
    scene.run(4)
    before = scene.exchange.queries.market_summary("BTC-USD-27NOV26-68000-C").mark_price
    scene.market.jump("BTC", 0.05)
    scene.run(4)
    queries = scene.exchange.queries
    assert queries.market_summary(BTC).mark_price > d(70500)
    assert queries.market_summary("BTC-USD-27NOV26-68000-C").mark_price > before * 2
    assert queries.bbo(BTC).bid > d(70500)
    scene.exchange.check_invariants()


def test_it_keeps_to_the_exchanges_state() -> None:
    scene = Scene(5, [BTC])
    scene.run(2)
    for state in (SystemState.CANCEL_ONLY, SystemState.POST_ONLY, SystemState.MAINTENANCE):
        scene.exchange.set_system_state(state)
        scene.events.clear()
        scene.run(2)
        assert not scene.of(TradePrinted)
    scene.exchange.set_system_state(SystemState.OK)
    scene.run(5)
    assert scene.of(TradePrinted)


def test_markets_that_expire_stop_and_changed_ticks_are_kept() -> None:
    symbol = "BTC-USD-27NOV26-68000-C"
    scene = Scene(5, [BTC, symbol], start_us=1_795_766_395_000_000 - 3 * 86_400_000_000)
    scene.run(1)
    scene.now_us += 3 * 86_400_000_000
    scene.run(2)
    scene.exchange.update_market(BTC, price_tick_size=d(5))
    scene.run(5)
    assert scene.market.symbols == (BTC,)
    assert scene.exchange.queries.settlement_price(symbol).settlement_price >= 0
    assert not scene.exchange.queries.bbo(BTC).bid % 5
    scene.exchange.check_invariants()


def test_a_halted_market_is_empty_and_quiet_until_driven_again() -> None:
    scene = Scene(5, [BTC])
    scene.run(2)
    scene.market.halt(BTC)
    assert scene.exchange.queries.book(BTC).bids == ()
    scene.events.clear()
    scene.run(2)
    assert not scene.of(TradePrinted)
    scene.market.drive(BTC)
    scene.run(2)
    assert scene.exchange.queries.book(BTC).bids


def test_activity_can_be_chosen_per_market_and_prices_too() -> None:
    scene = Scene(5, [BTC], activity={BTC: QUIET}, prices={"BTC": Decimal(50000)})
    scene.run(10)
    assert len(scene.of(TradePrinted)) < 20
    assert abs(scene.exchange.queries.market_summary(BTC).mark_price - 50000) < 500


def test_memory_is_bounded() -> None:
    scene = Scene(6, [BTC])
    scene.events.clear()
    scene.run(120)
    core = scene.exchange._core
    live = sum(len(account.live) for account in core.accounts.values())
    assert live < 60
    assert len(core.orders) <= live + 200 * len(scene.market.accounts)
    assert all(len(account.fills) <= 200 for account in core.accounts.values())
    scene.exchange.check_invariants()
