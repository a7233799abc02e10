"""Fees in DIME, isolated accounts and auto-deleveraging at the local venue."""

from decimal import Decimal
from random import Random

import pytest

from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.engine.exchange import Exchange
from nautilus_paradex.simulator.engine.markets import default_markets


NOW_US = 1_790_000_000_000_000
ETH = "ETH-USD-PERP"


@pytest.fixture
def exchange() -> Exchange:
    """Return a venue with two accounts, a and b; b has offered and bid for 5 ETH."""
    clock = iter(range(NOW_US, NOW_US + 10**9, 1000))
    venue = Exchange(clock_us=lambda: next(clock), rng=Random(1), markets=default_markets(NOW_US))
    venue.set_prices(ETH, mark=Decimal(2500), underlying=Decimal(2500))
    venue.set_prices("DIME-USD", mark=Decimal("0.05"), underlying=Decimal("0.05"))
    for account in ("0xa", "0xb"):
        venue.register_account(account, f"{account}1")
        venue.deposit(account, Decimal(100_000))
    place(venue, "0xb", "SELL", "5", "2510")
    place(venue, "0xb", "BUY", "5", "2490")
    return venue


def place(
    venue: Exchange, account: str, side: str, size: str, price: str, *, dime: bool = False
) -> model.Order:
    return venue.place(
        model.OrderCommand(
            account=account,
            market=ETH,
            side=model.Side(side),
            type=model.OrderType.LIMIT,
            size=Decimal(size),
            price=Decimal(price),
            dime_discount=dime,
        )
    )


def balances(venue: Exchange, account: str) -> dict[str, Decimal]:
    return {row.token: row.size for row in venue.queries.balances(account)}


def test_a_fee_in_dime_is_discounted_and_leaves_usdc_alone(exchange: Exchange) -> None:
    exchange.deposit("0xa", Decimal(100), "DIME")
    place(exchange, "0xa", "BUY", "1", "2510", dime=True)
    (fill,) = exchange.queries.fills("0xa")
    in_usdc = 2510 * model.FeeRates().taker_rate
    assert fill.fee_currency == "DIME"
    assert fill.fee == in_usdc * Decimal("0.6") / Decimal("0.05")
    assert balances(exchange, "0xa") == {
        "USDC": Decimal(100_000),
        "DIME": 100 - fill.fee,
    }
    exchange.check_invariants()


def test_without_enough_dime_the_fee_is_in_usdc(exchange: Exchange) -> None:
    exchange.deposit("0xa", Decimal(1), "DIME")
    place(exchange, "0xa", "BUY", "1", "2510", dime=True)
    (fill,) = exchange.queries.fills("0xa")
    assert (fill.fee_currency, fill.fee) == ("USDC", 2510 * model.FeeRates().taker_rate)
    assert balances(exchange, "0xa")["DIME"] == 1
    exchange.check_invariants()


def test_an_account_may_pay_in_dime_by_default_but_gets_rebates_in_usdc(
    exchange: Exchange,
) -> None:
    exchange.deposit("0xa", Decimal(100), "DIME")
    exchange.pay_fees_in_dime("0xa")
    exchange.set_fees("0xa", model.FeeRates(maker_rate=Decimal("-0.0001")))
    place(exchange, "0xa", "BUY", "1", "2505")
    place(exchange, "0xb", "SELL", "1", "2505")
    (rebate,) = exchange.queries.fills("0xa")
    assert (rebate.fee_currency, rebate.fee) == ("USDC", Decimal("-0.2505"))
    place(exchange, "0xa", "SELL", "1", "2490")
    paid, _ = exchange.queries.fills("0xa")
    assert paid.fee_currency == "DIME"
    exchange.check_invariants()


def test_a_bust_gives_a_fee_in_dime_back(exchange: Exchange) -> None:
    exchange.deposit("0xa", Decimal(100), "DIME")
    place(exchange, "0xa", "BUY", "1", "2510", dime=True)
    (fill,) = exchange.queries.fills("0xa")
    exchange.bust_trade(fill.trade_id)
    assert balances(exchange, "0xa") == {"USDC": Decimal(100_000), "DIME": Decimal(100)}
    exchange.check_invariants()


def test_an_isolated_account_trades_its_own_market_only(exchange: Exchange) -> None:
    exchange.register_account("0xc", "0xc1", parent="0xa", isolated_market="BTC-USD-PERP")
    exchange.deposit("0xc", Decimal(1000))
    with pytest.raises(model.Refusal) as caught:
        place(exchange, "0xc", "BUY", "0.1", "2510")
    assert caught.value.code == "ISOLATED_MARKET_ACCOUNT_MISMATCH"
    assert exchange.queries.account_info("0xc").isolated_market == "BTC-USD-PERP"
    with pytest.raises(model.Refusal):
        exchange.register_account("0xd", "0xd1", isolated_market="NOWHERE")


@pytest.mark.parametrize(("side", "left"), [("BUY", "0.6"), ("SELL", "-0.6")])
def test_deleveraging_reduces_the_winners_position(
    exchange: Exchange, side: str, left: str
) -> None:
    place(exchange, "0xa", side, "1", "2510" if side == "BUY" else "2490")
    exchange.deleverage(ETH, "0xa", "0xb", Decimal("0.4"), Decimal(2500))
    (position,) = exchange.queries.positions("0xa")
    assert position.size == Decimal(left)
    fill = exchange.queries.fills("0xa")[0]
    assert (fill.fill_type, fill.order_id) == (model.FillType.LIQUIDATION, "")
    exchange.check_invariants()
