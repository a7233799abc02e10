"""Who trades with whom, at which price, and why orders close (PROTOCOL 5)."""

from collections.abc import Iterator

import pytest

from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import FillFlag
from nautilus_paradex.simulator.engine.model import FillMade
from nautilus_paradex.simulator.engine.model import FillType
from nautilus_paradex.simulator.engine.model import Instruction
from nautilus_paradex.simulator.engine.model import Liquidity
from nautilus_paradex.simulator.engine.model import OrderFlag
from nautilus_paradex.simulator.engine.model import OrderStatus
from nautilus_paradex.simulator.engine.model import OrderType
from nautilus_paradex.simulator.engine.model import Side
from nautilus_paradex.simulator.engine.model import Stp
from nautilus_paradex.simulator.engine.model import TradePrinted
from tests.simulator.engine_desk import ALICE
from tests.simulator.engine_desk import BOB
from tests.simulator.engine_desk import BTC
from tests.simulator.engine_desk import CAROL
from tests.simulator.engine_desk import RO
from tests.simulator.engine_desk import Desk
from tests.simulator.engine_desk import d


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.exchange.check_invariants()


def test_a_limit_order_rests_as_open(desk: Desk) -> None:
    order = desk.place(ALICE, "BUY", "0.1", "59990")
    assert order.status is OrderStatus.OPEN
    assert order.remaining_size == d("0.1")
    assert desk.exchange.queries.bbo(BTC).bid == d(59990)


def test_better_prices_trade_first_and_older_orders_at_a_price(desk: Desk) -> None:
    late = desk.place(ALICE, "SELL", "0.1", "60001")
    first = desk.place(BOB, "SELL", "0.1", "60000")
    second = desk.place(ALICE, "SELL", "0.1", "60000")
    desk.place(CAROL, "BUY", "0.15", "60001", instruction=Instruction.IOC)
    assert desk.order(first).status is OrderStatus.CLOSED
    assert desk.order(second).remaining_size == d("0.05")
    assert desk.order(late).remaining_size == d("0.1")


def test_trades_happen_at_the_makers_price(desk: Desk) -> None:
    desk.place(ALICE, "SELL", "0.1", "59995")
    taker = desk.place(BOB, "BUY", "0.1", "60010")
    assert taker.avg_fill_price == d(59995)


def test_the_rest_of_a_limit_taker_rests(desk: Desk) -> None:
    desk.place(ALICE, "SELL", "0.1", "60000")
    taker = desk.place(BOB, "BUY", "0.3", "60000")
    assert (taker.status, taker.remaining_size) == (OrderStatus.OPEN, d("0.2"))
    assert desk.exchange.queries.bbo(BTC).bid_size == d("0.2")


def test_a_filled_order_closes_without_a_reason(desk: Desk) -> None:
    maker = desk.place(ALICE, "SELL", "0.1", "60000")
    taker = desk.place(BOB, "BUY", "0.1", "60000")
    for order in (desk.order(maker), taker):
        assert order.status is OrderStatus.CLOSED
        assert (order.remaining_size, order.cancel_reason) == (d(0), "")


def test_the_two_fills_and_the_public_trade_have_ids_of_their_own(desk: Desk) -> None:
    desk.place(ALICE, "SELL", "0.1", "60000")
    desk.place(BOB, "BUY", "0.1", "60000")
    maker, taker = (event.fill for event in desk.announced(FillMade))
    (printed,) = desk.announced(TradePrinted)
    assert len({maker.id, taker.id, printed.trade.id}) == 3
    assert {len(maker.id), len(taker.id), len(printed.trade.id)} == {28}
    assert maker.trade_id == taker.trade_id == printed.trade.id
    assert (maker.liquidity, taker.liquidity) == (Liquidity.MAKER, Liquidity.TAKER)
    assert (maker.side, taker.side, printed.trade.side) == (Side.SELL, Side.BUY, Side.BUY)
    assert maker.orderbook_seq_no == printed.trade.seq_no > 0


def test_remaining_size_of_fills_counts_down(desk: Desk) -> None:
    desk.place(ALICE, "SELL", "0.1", "60000")
    desk.place(ALICE, "SELL", "0.1", "60001")
    desk.place(BOB, "BUY", "0.15", "60001")
    taken = [e.fill for e in desk.announced(FillMade) if e.fill.account == BOB]
    assert [fill.remaining_size for fill in taken] == [d("0.05"), d(0)]


def test_post_only_that_would_cross_is_cancelled(desk: Desk) -> None:
    desk.place(ALICE, "SELL", "0.1", "60000")
    order = desk.post(BOB, "BUY", "0.1", "60000")
    assert order.status is OrderStatus.CLOSED
    assert order.cancel_reason is CancelReason.POST_ONLY_WOULD_CROSS
    assert order.remaining_size == d("0.1")


def test_the_rest_of_an_ioc_is_cancelled(desk: Desk) -> None:
    desk.place(ALICE, "SELL", "0.1", "60000")
    order = desk.place(BOB, "BUY", "0.3", "60000", instruction=Instruction.IOC)
    assert order.cancel_reason is CancelReason.REMAINING_IOC_CANCEL
    assert order.remaining_size == d("0.2")


def test_a_market_order_on_an_empty_book_is_cancelled(desk: Desk) -> None:
    order = desk.place(BOB, "BUY", "0.3")
    assert order.cancel_reason is CancelReason.EMPTY_MARKET


def test_a_market_order_that_empties_the_book_loses_its_rest(desk: Desk) -> None:
    desk.place(ALICE, "SELL", "0.1", "60000")
    order = desk.place(BOB, "BUY", "0.3")
    assert order.cancel_reason is CancelReason.REMAINING_IOC_CANCEL
    assert order.remaining_size == d("0.2")


def test_a_market_order_stops_where_its_average_would_exceed_the_slippage_cap(desk: Desk) -> None:
    desk.exchange.set_max_slippage(BOB, BTC, d("0.01"))
    desk.place(ALICE, "SELL", "0.1", "60000")
    desk.place(ALICE, "SELL", "1", "62000")
    order = desk.place(BOB, "BUY", "1")
    assert order.cancel_reason is CancelReason.EXCEEDS_MAX_SLIPPAGE
    # 60600 on average: (0.1 * 60000 + q * 62000) / (0.1 + q) <= 60600
    assert order.size - order.remaining_size == d("0.14285")
    assert order.avg_fill_price <= d(60600)


def test_a_market_order_does_not_trade_beyond_the_price_band(desk: Desk) -> None:
    desk.place(ALICE, "SELL", "0.1", "63100")
    order = desk.place(BOB, "BUY", "0.1", vwap_price=d(70000))
    assert order.cancel_reason is CancelReason.EXCEEDS_MAX_SLIPPAGE
    assert order.remaining_size == order.size
    assert OrderFlag.TARGET_STRATEGY_VWAP in order.flags


@pytest.mark.parametrize(("side", "price"), [("BUY", "63000.1"), ("SELL", "56999.9")])
def test_an_aggressive_limit_beyond_the_price_band_is_cancelled(
    desk: Desk, side: str, price: str
) -> None:
    assert desk.place(BOB, side, "0.1", price).cancel_reason is CancelReason.EXCEEDS_MAX_SLIPPAGE


@pytest.mark.parametrize(("side", "price"), [("SELL", "90000"), ("BUY", "30000")])
def test_a_passive_limit_may_be_far_away(desk: Desk, side: str, price: str) -> None:
    assert desk.place(BOB, side, "0.1", price).status is OrderStatus.OPEN


def test_stp_expire_taker_cancels_what_is_left_of_the_taker(desk: Desk) -> None:
    desk.place(BOB, "SELL", "0.1", "60000")
    maker = desk.place(ALICE, "SELL", "0.1", "60001")
    taker = desk.place(ALICE, "BUY", "0.3", "60002")
    assert taker.cancel_reason is CancelReason.SELF_TRADE
    assert taker.remaining_size == d("0.2")
    assert desk.order(maker).status is OrderStatus.OPEN


def test_stp_expire_maker_cancels_the_maker_and_goes_on(desk: Desk) -> None:
    maker = desk.place(ALICE, "SELL", "0.1", "60000")
    desk.place(BOB, "SELL", "0.1", "60001")
    taker = desk.place(ALICE, "BUY", "0.1", "60001", stp=Stp.EXPIRE_MAKER)
    assert desk.order(maker).cancel_reason is CancelReason.SELF_TRADE
    assert (taker.remaining_size, taker.avg_fill_price) == (d(0), d(60001))


def test_stp_expire_both_cancels_both(desk: Desk) -> None:
    maker = desk.place(ALICE, "SELL", "0.1", "60000")
    taker = desk.place(ALICE, "BUY", "0.1", "60000", stp=Stp.EXPIRE_BOTH)
    assert desk.order(maker).cancel_reason is CancelReason.SELF_TRADE
    assert taker.cancel_reason is CancelReason.SELF_TRADE
    assert not desk.announced(FillMade)


# -- RPI AND INTERACTIVE FLOW -------------------------------------------------------------------


def test_rpi_orders_are_not_in_the_api_book(desk: Desk) -> None:
    desk.place(ALICE, "SELL", "0.1", "60000", instruction=Instruction.RPI)
    queries = desk.exchange.queries
    assert queries.bbo(BTC).ask is None
    assert queries.bbo(BTC, interactive=True).ask == d(60000)
    assert queries.book(BTC).asks == ()
    assert queries.book(BTC, interactive=True).asks == ((d(60000), d("0.1")),)


def test_rpi_orders_trade_with_interactive_takers_only(desk: Desk) -> None:
    desk.place(ALICE, "SELL", "0.1", "60000", instruction=Instruction.RPI)
    plain = desk.place(BOB, "BUY", "0.1", "60000", instruction=Instruction.IOC)
    assert plain.cancel_reason is CancelReason.REMAINING_IOC_CANCEL
    retail = desk.place(BOB, "BUY", "0.1", "60000", interactive=True)
    assert retail.remaining_size == d(0)
    maker, taker = (event.fill for event in desk.announced(FillMade))
    assert maker.fill_type is taker.fill_type is FillType.RPI
    assert taker.flags == (FillFlag.INTERACTIVE, FillFlag.RPI)
    assert maker.fee == d("-0.3"), "an RPI maker gets 0.5 bps"
    assert taker.fee == 0


def test_rpi_orders_trade_last_at_their_price_and_retail_orders_first(desk: Desk) -> None:
    rpi = desk.place(ALICE, "SELL", "0.1", "60000", instruction=Instruction.RPI)
    plain = desk.place(ALICE, "SELL", "0.1", "60000")
    retail = desk.place(CAROL, "SELL", "0.1", "60000", interactive=True)
    for expected in (retail, plain, rpi):
        desk.place(BOB, "BUY", "0.1", "60000", interactive=True)
        assert desk.order(expected).status is OrderStatus.CLOSED


def test_an_rpi_order_may_reach_5_bps_into_the_api_book(desk: Desk) -> None:
    desk.place(ALICE, "SELL", "0.1", "60000")
    within = desk.place(BOB, "BUY", "0.1", "60030", instruction=Instruction.RPI)
    beyond = desk.place(BOB, "BUY", "0.1", "60030.1", instruction=Instruction.RPI)
    assert within.status is OrderStatus.OPEN
    assert beyond.cancel_reason is CancelReason.POST_ONLY_WOULD_CROSS


def test_a_plain_taker_of_a_retail_order_pays_less(desk: Desk) -> None:
    desk.place(ALICE, "SELL", "0.1", "60000", interactive=True)
    desk.place(BOB, "BUY", "0.1", "60000")
    maker, taker = (event.fill for event in desk.announced(FillMade))
    assert maker.fee == 0
    assert taker.fee == d("1.89"), "30% off 0.045%"
    assert FillFlag.FASTFILL in taker.flags


# -- REDUCE ONLY --------------------------------------------------------------------------------


def test_reduce_only_without_a_position_is_cancelled(desk: Desk) -> None:
    order = desk.place(ALICE, "SELL", "0.1", "60000", flags=RO)
    assert order.cancel_reason is CancelReason.REDUCE_ONLY_WILL_INCREASE


@pytest.mark.parametrize(("side", "size"), [("BUY", "0.1"), ("SELL", "0.2")])
def test_reduce_only_that_would_increase_or_flip_is_cancelled(
    desk: Desk, side: str, size: str
) -> None:
    desk.trade(ALICE, BOB, "0.1", "60000")
    order = desk.place(ALICE, side, size, "60000", flags=RO)
    assert order.cancel_reason is CancelReason.REDUCE_ONLY_WILL_INCREASE


def test_resting_reduce_only_orders_shrink_with_the_position(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "1", "60000")
    order = desk.place(ALICE, "SELL", "1", "60500", flags=RO)
    desk.trade(CAROL, ALICE, "0.4", "60000")
    shrunk = desk.order_events(order)[-1]
    assert (shrunk.status, shrunk.size, shrunk.remaining_size) == (
        OrderStatus.OPEN,
        d("0.6"),
        d("0.6"),
    )
    assert desk.exchange.queries.bbo(BTC).ask_size == d("0.6")


def test_resting_reduce_only_orders_are_cancelled_when_the_position_is_gone(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "1", "60000")
    order = desk.place(ALICE, "SELL", "1", "60500", flags=RO)
    desk.trade(BOB, ALICE, "1", "60000")
    assert desk.order(order).cancel_reason is CancelReason.REDUCE_ONLY_WILL_INCREASE


def test_a_reduce_only_maker_that_closes_the_position_is_filled_not_cancelled(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "1", "60000")
    order = desk.place(ALICE, "SELL", "1", "60500", flags=RO)
    desk.place(CAROL, "BUY", "1", "60500")
    closed = desk.order(order)
    assert (closed.remaining_size, closed.cancel_reason) == (d(0), CancelReason.NONE)


def test_two_reduce_only_orders_never_flip_the_position_in_one_sweep(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "1", "60000")
    desk.place(ALICE, "SELL", "1", "60100", flags=RO)
    desk.place(ALICE, "SELL", "1", "60200", flags=RO)
    sweep = desk.place(CAROL, "BUY", "2", "60300", instruction=Instruction.IOC)
    assert sweep.remaining_size == d(1)
    assert desk.size(ALICE) == 0


# -- SPOT ---------------------------------------------------------------------------------------


def test_spot_trades_move_balances_and_no_position(desk: Desk) -> None:
    market = "ETH-USD"
    desk.prices(market, 2500)
    desk.exchange.deposit(ALICE, d(10), "ETH")
    desk.trade(BOB, ALICE, "2", "2500", market=market)
    tokens = {row.token: row for row in desk.exchange.queries.balances(BOB)}
    assert tokens["ETH"].size == d(2)
    assert tokens["ETH"].average_entry_price == d(2500)
    assert tokens["USDC"].size == d(1000000) - d(5000) - d("2.25")
    assert desk.position(BOB, market) is None


def test_spot_sells_need_the_token_and_buys_the_cash(desk: Desk) -> None:
    market = "ETH-USD"
    desk.prices(market, 2500)
    desk.exchange.deposit(ALICE, d(1), "ETH")
    assert desk.place(ALICE, "SELL", "1", "2500", market=market).status is OrderStatus.OPEN
    more = desk.place(ALICE, "SELL", "0.1", "2500", market=market)
    assert more.cancel_reason is CancelReason.NOT_ENOUGH_MARGIN
    rich = desk.place(BOB, "BUY", "500", "2500", market=market)
    assert rich.cancel_reason is CancelReason.NOT_ENOUGH_MARGIN


def test_a_market_order_in_spot_has_the_venues_reason_on_an_empty_book(desk: Desk) -> None:
    desk.prices("ETH-USD", 2500)
    order = desk.place(ALICE, "BUY", "1", market="ETH-USD", kind=OrderType.MARKET)
    assert order.cancel_reason is CancelReason.EMPTY_MARKET
