"""Positions, fees, margin, funding and liquidation (PROTOCOL 8.2, 9.5, 10)."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from nautilus_paradex.simulator.engine.model import AccountChanged
from nautilus_paradex.simulator.engine.model import AccountStatus
from nautilus_paradex.simulator.engine.model import BalanceChanged
from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import FeeRates
from nautilus_paradex.simulator.engine.model import FillMade
from nautilus_paradex.simulator.engine.model import FillType
from nautilus_paradex.simulator.engine.model import FundingPaid
from nautilus_paradex.simulator.engine.model import FundingPublished
from nautilus_paradex.simulator.engine.model import PositionChanged
from nautilus_paradex.simulator.engine.model import PositionStatus
from nautilus_paradex.simulator.engine.model import Refusal
from nautilus_paradex.simulator.engine.model import SystemState
from nautilus_paradex.simulator.engine.model import Transaction
from nautilus_paradex.simulator.engine.model import TransactionMade
from nautilus_paradex.simulator.engine.model import TransferChanged
from tests.simulator.engine_desk import ALICE
from tests.simulator.engine_desk import BOB
from tests.simulator.engine_desk import BTC
from tests.simulator.engine_desk import CAROL
from tests.simulator.engine_desk import Desk
from tests.simulator.engine_desk import d


CALL = "BTC-USD-27NOV26-68000-C"
PUT = "BTC-USD-27NOV26-66000-P"


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.exchange.check_invariants()


# -- POSITIONS ----------------------------------------------------------------------------------


def test_a_position_averages_its_entries(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "1", "60000")
    desk.trade(ALICE, BOB, "3", "60200")
    row = desk.position(ALICE)
    assert (row.size, row.average_entry_price, row.side) == (d(4), d(60150), "LONG")
    other = desk.position(BOB)
    assert (other.size, other.side, other.cost) == (d(-4), "SHORT", d(-240600))


def test_closing_a_part_realises_its_share(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "4", "60000")
    before = desk.cash(ALICE)
    desk.trade(BOB, ALICE, "1", "60100")
    fill = next(e.fill for e in reversed(desk.announced(FillMade)) if e.fill.account == ALICE)
    assert fill.realized_pnl == d(100)
    assert desk.cash(ALICE) == before + d(100) - fill.fee
    row = desk.position(ALICE)
    assert (row.size, row.average_entry_price, row.realized_positional_pnl) == (
        d(3),
        d(60000),
        d(100),
    )
    assert row.average_exit_price == d(60100)


def test_a_flip_realises_the_old_position_and_opens_at_the_new_price(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "1", "60000")
    desk.trade(BOB, ALICE, "3", "59900")
    fill = next(e.fill for e in reversed(desk.announced(FillMade)) if e.fill.account == ALICE)
    assert fill.realized_pnl == d(-100)
    row = desk.position(ALICE)
    assert (row.size, row.average_entry_price) == (d(-2), d(59900))
    assert row.realized_positional_pnl == 0, "realised fields start again on a flip"
    statuses = [e.position.status for e in desk.announced(PositionChanged)]
    assert PositionStatus.CLOSED not in statuses, "a flip announces no CLOSED"


def test_a_closed_position_is_announced_closed_with_size_0(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "1", "60000")
    desk.trade(BOB, ALICE, "1", "60000")
    last = [e.position for e in desk.announced(PositionChanged) if e.position.account == ALICE][-1]
    assert (last.status, last.size, last.average_entry_price) == (
        PositionStatus.CLOSED,
        d(0),
        d(0),
    )
    assert last.closed_us == desk.now_us


def test_money_is_exact_where_averages_do_not_terminate(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "0.1", "60000.1")
    desk.trade(ALICE, BOB, "0.2", "60000.3")
    desk.trade(BOB, ALICE, "0.0007", "60010.7")
    desk.trade(BOB, ALICE, "0.2993", "59990.3")
    desk.exchange.check_invariants()


# -- FEES AND BALANCES --------------------------------------------------------------------------


def test_fees_are_the_accounts_own_rates_and_rebates_are_negative(desk: Desk) -> None:
    desk.exchange.set_fees(BOB, FeeRates(maker_rate=d("-0.0001"), taker_rate=d("0.0003")))
    desk.trade(ALICE, BOB, "1", "60000")
    maker, taker = (event.fill for event in desk.announced(FillMade))
    assert (maker.fee, taker.fee) == (d(-6), d(27))
    assert desk.cash(BOB) == d(1000006)


def test_an_options_fee_is_capped_by_its_premium(desk: Desk) -> None:
    desk.prices(CALL, "10", "60000")
    desk.trade(ALICE, BOB, "1", "10", market=CALL)
    assert {event.fill.fee for event in desk.announced(FillMade)} == {d("1.25")}


def test_balance_events_carry_before_and_after_and_the_fill(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "1", "60000")
    desk.trade(BOB, ALICE, "1", "60100")
    fills = {e.fill.id: e.fill for e in desk.announced(FillMade)}
    events = [e.event for e in desk.announced(BalanceChanged)]
    assert len(events) == 4
    for event in events:
        fill = fills[event.fill_id]
        change = event.balance_after - event.balance_before
        assert change == fill.realized_pnl + fill.realized_funding - fill.fee


def test_each_fill_has_a_transaction(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "1", "60000")
    rows: list[Transaction] = [e.transaction for e in desk.announced(TransactionMade)]
    assert [row.id for row in rows] == [e.fill.id for e in desk.announced(FillMade)]
    assert {row.type for row in rows} == {"TRANSACTION_FILL"}
    assert desk.exchange.queries.transactions(ALICE)[0] in rows


def test_deposits_and_withdrawals_are_transfers(desk: Desk) -> None:
    desk.exchange.deposit(ALICE, d(5))
    desk.exchange.withdraw(ALICE, d(15))
    assert desk.cash(ALICE) == d(999990)
    assert [e.transfer.direction for e in desk.announced(TransferChanged)] == ["IN", "OUT"]
    assert [row.direction for row in desk.exchange.queries.transfers(ALICE)] == ["OUT", "IN", "IN"]


def test_a_withdrawal_leaves_the_margin(desk: Desk) -> None:
    desk.place(ALICE, "BUY", "1", "59000")
    with pytest.raises(Refusal, match="exceeds"):
        desk.exchange.withdraw(ALICE, d("998800.01"))
    desk.exchange.withdraw(ALICE, d(998800))
    assert desk.exchange.queries.account_summary(ALICE).free_collateral == 0


# -- MARGIN -------------------------------------------------------------------------------------


def test_the_summary_adds_up(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "2", "60000")
    desk.prices(BTC, 60500)
    desk.place(ALICE, "BUY", "1", "60000")
    row = desk.exchange.queries.account_summary(ALICE)
    assert row.total_collateral == desk.cash(ALICE)
    assert row.unrealized_pnl == d(1000)
    assert row.account_value == row.total_collateral + 1000
    # Position and open buys: 3 * 60500 * 2%.
    assert row.initial_margin_requirement == d(3630)
    assert row.maintenance_margin_requirement == d(1210)
    assert row.free_collateral == row.account_value - 3630
    assert row.margin_cushion == row.account_value - 1210
    assert (row.status, row.settlement_asset) == (AccountStatus.ACTIVE, "USDC")


def test_open_orders_that_reduce_need_no_margin(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "2", "60000")
    before = desk.exchange.queries.account_summary(ALICE).initial_margin_requirement
    desk.place(ALICE, "SELL", "2", "60100")
    assert desk.exchange.queries.account_summary(ALICE).initial_margin_requirement == before


def test_leverage_raises_the_initial_margin(desk: Desk) -> None:
    config = desk.exchange.set_leverage(ALICE, BTC, 10)
    assert (config.leverage, config.margin_type) == (10, "CROSS")
    desk.place(ALICE, "BUY", "1", "60000")
    assert desk.exchange.queries.account_summary(ALICE).initial_margin_requirement == d(6000)
    (row,) = desk.exchange.queries.margin_configs(ALICE, BTC)
    assert row == config


@pytest.mark.parametrize(("leverage", "kind"), [(51, "CROSS"), (0, "CROSS"), (10, "ISOLATED")])
def test_impossible_leverage_is_refused(desk: Desk, leverage: int, kind: str) -> None:
    with pytest.raises(Refusal):
        desk.exchange.set_leverage(ALICE, BTC, leverage, kind)


def test_account_events_follow_orders_fills_and_once_a_second_prices(desk: Desk) -> None:
    desk.place(ALICE, "BUY", "1", "60000")
    assert [e.summary.account for e in desk.announced(AccountChanged)] == [ALICE]
    desk.place(BOB, "SELL", "1", "60000")
    desk.events.clear()
    desk.prices(BTC, 60001)
    assert not desk.announced(AccountChanged)
    desk.wait(1)
    assert {e.summary.account for e in desk.announced(AccountChanged)} == {ALICE, BOB}


def test_short_options_need_more_margin_than_long_ones(desk: Desk) -> None:
    desk.prices(CALL, "1000", "60000")
    desk.prices(PUT, "500", "60000")
    desk.trade(ALICE, BOB, "1", "1000", market=CALL)
    queries = desk.exchange.queries
    assert queries.account_summary(ALICE).initial_margin_requirement == d(1000)
    # The premium and max(15% - 8000 out of the money, 10%) of 60000.
    assert queries.account_summary(BOB).initial_margin_requirement == d(7000)
    desk.trade(CAROL, BOB, "1", "500", market=PUT)
    # The put is 6000 in the money: the premium and 15% of 60000.
    assert queries.account_summary(BOB).initial_margin_requirement == d(7000) + d(9500)


def test_spot_tokens_count_for_value_but_not_for_free_collateral(desk: Desk) -> None:
    desk.prices("ETH-USD", 2500)
    desk.exchange.deposit(ALICE, d(4), "ETH")
    row = desk.exchange.queries.account_summary(ALICE)
    assert row.account_value == d(1010000)
    assert row.free_collateral == d(1000000)


# -- FUNDING ------------------------------------------------------------------------------------


def accrue(desk: Desk, seconds: int) -> None:
    for _ in range(seconds):
        desk.wait(1)


def test_longs_pay_a_positive_rate_and_it_sums_to_0(desk: Desk) -> None:
    desk.prices(BTC, "60600", "60000")
    desk.trade(ALICE, BOB, "1", "60600")
    accrue(desk, 60)
    long, short = desk.position(ALICE), desk.position(BOB)
    assert long.unrealized_funding_pnl < 0
    assert long.unrealized_funding_pnl == -short.unrealized_funding_pnl
    data = desk.exchange.queries.funding(BTC)
    assert data.funding_rate > 0
    assert data.funding_index > 0
    assert data.funding_premium == (data.funding_rate * 60000).quantize(Decimal("1e-8"))
    assert long.unrealized_pnl == long.unrealized_funding_pnl


def test_funding_is_realised_by_each_change_of_the_position_and_linked_to_the_fill(
    desk: Desk,
) -> None:
    desk.prices(BTC, "60600", "60000")
    desk.trade(ALICE, BOB, "1", "60600")
    accrue(desk, 60)
    owed = desk.position(ALICE).unrealized_funding_pnl
    desk.trade(BOB, ALICE, "0.4", "60600")
    fill = next(e.fill for e in reversed(desk.announced(FillMade)) if e.fill.account == ALICE)
    assert fill.realized_funding == owed
    payment = next(e.payment for e in desk.announced(FundingPaid) if e.payment.account == ALICE)
    assert (payment.payment, payment.fill_id) == (owed, fill.id)
    assert desk.exchange.queries.funding_payments(ALICE, BTC) == [payment]
    row = desk.position(ALICE)
    assert (row.unrealized_funding_pnl, row.realized_positional_funding_pnl) == (d(0), owed)


def test_a_silence_of_more_than_30_seconds_accrues_nothing(desk: Desk) -> None:
    desk.prices(BTC, "60600", "60000")
    desk.wait(0)
    desk.wait(31)
    assert desk.exchange.queries.funding(BTC).funding_index == 0
    desk.wait(30)
    assert desk.exchange.queries.funding(BTC).funding_index > 0


def test_rates_are_clipped(desk: Desk) -> None:
    desk.prices(BTC, "120000", "60000")
    desk.wait(0)
    desk.exchange.set_system_state(SystemState.POST_ONLY)
    accrue(desk, 600)
    rate = desk.exchange.queries.funding(BTC).funding_rate
    assert d("0.0199") < rate <= d("0.02"), "the half-life is 30 s in post only"


def test_funding_rows_come_every_5_seconds(desk: Desk) -> None:
    accrue(desk, 31)
    rows = [e.data for e in desk.announced(FundingPublished) if e.data.market == BTC]
    assert 6 <= len(rows) <= 7
    assert desk.exchange.queries.funding_data(BTC) == rows[::-1]
    last = rows[-1].created_us // 1000
    assert desk.exchange.queries.funding_data(BTC, last, last) == [rows[-1]]


# -- LIQUIDATION --------------------------------------------------------------------------------


@pytest.fixture
def thin() -> Iterator[Desk]:
    desk = Desk()
    desk.exchange.withdraw(ALICE, d(998_000))
    desk.trade(ALICE, BOB, "1", "60000")
    yield desk
    desk.exchange.check_invariants()


def test_an_account_below_maintenance_margin_is_liquidated(thin: Desk) -> None:
    order = thin.place(ALICE, "BUY", "0.005", "59000")
    thin.prices(BTC, 58700)
    assert thin.position(ALICE).size == d(1), "above maintenance margin nothing happens"
    thin.events.clear()
    thin.prices(BTC, 58500)
    assert thin.size(ALICE) == 0
    assert thin.order(order).cancel_reason is CancelReason.IN_LIQUIDATION
    (fill,) = (e.fill for e in thin.announced(FillMade))
    assert (fill.fill_type, fill.client_id, fill.order_id) == (FillType.LIQUIDATION, "", "")
    assert (fill.orderbook_seq_no, fill.price) == (0, d(58500))
    assert [e.transaction.type for e in thin.announced(TransactionMade)] == [
        "TRANSACTION_LIQUIDATE"
    ]
    statuses = [e.summary.status for e in thin.announced(AccountChanged)]
    assert statuses == [AccountStatus.LIQUIDATION, AccountStatus.ACTIVE]
    assert len(thin.exchange.queries.liquidations(ALICE)) == 1


def test_the_liquidation_price_is_where_it_happens(thin: Desk) -> None:
    price = thin.position(ALICE).liquidation_price
    assert d(58500) < price < d(58700)
    thin.prices(BTC, price + d("0.1"), 60000)
    assert thin.size(ALICE) == d(1)
    thin.prices(BTC, price - d("0.1"), 60000)
    assert thin.size(ALICE) == 0


def test_the_insurance_fund_bears_what_a_gap_leaves(thin: Desk) -> None:
    thin.prices(BTC, 50000)
    assert thin.cash(ALICE) == 0
    assert thin.size(ALICE) == 0


def test_liquidations_pause_while_the_exchange_is_not_ok(thin: Desk) -> None:
    thin.exchange.set_system_state(SystemState.POST_ONLY)
    thin.prices(BTC, 50000)
    assert thin.size(ALICE) == d(1)
    thin.exchange.set_system_state(SystemState.OK)
    assert thin.size(ALICE) == 0


# -- ACCOUNTS -----------------------------------------------------------------------------------


def test_addresses_are_compared_as_numbers(desk: Desk) -> None:
    queries = desk.exchange.queries
    assert queries.has_account("0x000A11CE")
    assert queries.account_info("0x000A11CE").account == ALICE
    assert not queries.has_account("not hex")
    with pytest.raises(Refusal, match="NOT_UNIQUE"):
        desk.exchange.register_account("0x0A11ce", "0x1")


def test_subkeys_come_and_go_but_the_main_key_stays(desk: Desk) -> None:
    desk.exchange.add_key(ALICE, "0x0F00", name="bot")
    keys = desk.exchange.queries.account_info(ALICE).keys
    assert [(key.public_key, key.is_main) for key in keys] == [(ALICE, True), ("0xf00", False)]
    desk.exchange.remove_key(ALICE, "0xf00")
    for key in ("0xf00", ALICE):
        with pytest.raises(Refusal, match="INVALID_SUBKEY"):
            desk.exchange.remove_key(ALICE, key)


def test_sub_accounts_know_their_parent(desk: Desk) -> None:
    desk.exchange.register_account("0x5b", "0x5b", parent=ALICE)
    (row,) = desk.exchange.queries.subaccounts(ALICE)
    assert (row.account, row.parent_account, row.kind) == ("0x5b", ALICE, "subaccount")
    with pytest.raises(Refusal, match="INVALID_PARENT_ACCOUNT"):
        desk.exchange.register_account("0x5c", "0x5c", parent="0x99")


def test_a_silent_account_announces_nothing_but_trades(desk: Desk) -> None:
    desk.exchange.register_account("0x51", "0x51", announce=False)
    desk.exchange.deposit("0x51", d(100000))
    desk.trade("0x51", BOB, "1", "60000")
    assert {e.fill.account for e in desk.announced(FillMade)} == {BOB}
    assert desk.size("0x51") == d(1)
    assert desk.exchange.queries.fills("0x51")
