"""JSON becomes the events that SBE becomes (PROTOCOL 4.3, 6.4, 9.4, 10; rules E5, E9, S3)."""

import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.protocol import events
from nautilus_paradex.protocol import json_events
from nautilus_paradex.protocol import messages
from nautilus_paradex.protocol.channels import ChannelKind
from nautilus_paradex.protocol.enums import FillType
from nautilus_paradex.protocol.enums import Instruction
from nautilus_paradex.protocol.enums import Liquidity
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import PositionStatus
from nautilus_paradex.protocol.enums import RequestStatus
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import UnmodelledValue
from nautilus_paradex.protocol.json_events import decode_channel


M = "BTC-USD-PERP"
E8 = 100_000_000
MS = 1_000_000

# The samples of PROTOCOL 6.4, 4.3, 9.4, 10.3 and 10.4, by channel.
SAMPLES: dict[str, dict[str, Any]] = {
    f"order_book.{M}.deltas": {
        "seq_no": 987654322,
        "market": M,
        "last_updated_at": 1790000000123,
        "update_type": "d",
        "inserts": [{"side": "BUY", "price": "61234.5", "size": "1.5"}],
        "updates": [{"side": "SELL", "price": "61236", "size": "0.2"}],
        "deletes": [{"side": "BUY", "price": "61233", "size": "0"}],
        "best_bid_api": {},
        "best_ask_api": {},
        "best_bid_interactive": {},
        "best_ask_interactive": {},
        "relative_spread": "0.0000016",
    },
    f"bbo.{M}": {
        "market": M,
        "bid": "61234.5",
        "bid_size": "1.5",
        "ask": "61234.6",
        "ask_size": "0.25",
        "seq_no": 987654321,
        "last_updated_at": 1790000000123,
    },
    f"trades.{M}": {
        "id": "1790000000123201709233240001",
        "market": M,
        "side": "SELL",
        "price": "61234.4",
        "size": "0.015",
        "created_at": 1790000000122,
        "trade_type": "FILL",
    },
    f"funding_data.{M}": {
        "market": M,
        "funding_index": "11234.56",
        "funding_premium": "0.42",
        "funding_rate": "0.000081",
        "funding_rate_8h": "0.000081",
        "funding_period_hours": 8,
        "impact_premium_rate": "0.000012",
        "created_at": 1790000000000,
    },
    "funding_rate_comparison.ALL@1000ms": {
        "market": "BTC-USD-PERP",
        "source": "BINANCE",
        "asset_kind": "PERPETUAL_FUTURE",
        "hourly_funding_rate": "0.000010125",
        "last_updated_at": 1790000000000,
    },
    "markets_summary": {
        "symbol": "BTC-USD-27NOV26-70000-C",
        "mark_price": "1520.33",
        "underlying_price": "68012.4",
        "external_fair_price": "",
        "last_traded_price": "1515",
        "bid": "1505",
        "bid_size": "2",
        "ask": "1530",
        "ask_size": "1.5",
        "mark_iv": "0.512",
        "bid_iv": "0.505",
        "ask_iv": "0.519",
        "last_iv": "0.51",
        "greeks": {
            "delta": "0.41",
            "gamma": "0.00003",
            "vega": "38.2",
            "theta": "-95.1",
            "rho": "4.1",
            "vanna": "0.3",
            "volga": "12.2",
        },
        "delta": "0.41",
        "forward_rate": "0.043",
        "risk_free_rate": "0.04",
        "funding_rate": "",
        "future_funding_rate": "0.00011",
        "open_interest": "132.4",
        "volume_24h": "254000.1",
        "total_volume": "9120033.7",
        "price_change_rate_24h": "",
        "created_at": 1790000000123,
    },
    "account": {
        "account": "0x26",
        "account_value": "10250.12",
        "total_collateral": "10200",
        "free_collateral": "9100.5",
        "initial_margin_requirement": "1149.62",
        "maintenance_margin_requirement": "574.81",
        "margin_cushion": "9675.31",
        "settlement_asset": "USDC",
        "status": "ACTIVE",
        "seq_no": 1790000000141000020,
        "updated_at": 1790000000141,
        "last_seen_notification": 0,
    },
    "orders.ALL": {
        "id": "1790000000123201709233240000",
        "account": "0x26192f7b",
        "market": M,
        "side": "BUY",
        "type": "LIMIT",
        "size": "0.015",
        "remaining_size": "0.015",
        "price": "61234.5",
        "status": "OPEN",
        "created_at": 1790000000140,
        "last_updated_at": 1790000000141,
        "timestamp": 1790000000123,
        "cancel_reason": "",
        "client_id": "O-20260921-1",
        "instruction": "POST_ONLY",
        "avg_fill_price": "",
        "stp": "EXPIRE_TAKER",
        "received_at": 1790000000131,
        "published_at": 1790000000143,
        "flags": ["REDUCE_ONLY"],
        "trigger_price": "0",
        "seq_no": 1790000000141000017,
        "request_info": None,
    },
    "positions": {
        "id": "0x26192f7b-BTC-USD-PERP",
        "account": "0x26192f7b",
        "market": M,
        "status": "OPEN",
        "side": "SHORT",
        "size": "-0.345",
        "average_entry_price": "61001.34",
        "average_entry_price_usd": "61005.1",
        "average_exit_price": "",
        "cost": "-21045.46",
        "cost_usd": "-21046.8",
        "unrealized_pnl": "-123.23",
        "unrealized_funding_pnl": "2.2",
        "cached_funding_index": "11234.56",
        "realized_positional_pnl": "-3.1",
        "realized_positional_funding_pnl": "0.4",
        "liquidation_price": "78210.4",
        "leverage": "10",
        "last_fill_id": "1790",
        "created_at": 1789990000000,
        "last_updated_at": 1790000000141,
        "closed_at": 0,
        "seq_no": 1790000000141000019,
    },
    "fills.ALL": {
        "id": "1790000000200201709233240002",
        "account": "0x26192f7b",
        "market": M,
        "order_id": "1790000000123201709233240000",
        "client_id": "O-20260921-1",
        "side": "BUY",
        "liquidity": "MAKER",
        "price": "61234.5",
        "size": "0.005",
        "remaining_size": "0.010",
        "fee": "0.0091",
        "fee_currency": "USDC",
        "fill_type": "FILL",
        "flags": [],
        "realized_pnl": "1.25",
        "realized_funding": "-0.003",
        "underlying_price": "61229.9",
        "orderbook_seq_no": 987654330,
        "created_at": 1790000000200,
    },
}

JSON_ONLY: dict[str, tuple[type, dict[str, Any]]] = {
    "balance_events": (
        messages.BalanceEvent,
        {
            "type": "TRANSACTION_FILL",
            "status": "ON_BLOCKCHAIN",
            "market": "ETH-USD-PERP",
            "fill_id": "17900002",
            "fees": "0.12",
            "realized_pnl": "3.4",
            "realized_funding": "-0.02",
            "funding_index": "101.2",
            "settlement_asset_name": "USDC",
            "settlement_asset_address": "0x1",
            "settlement_asset_balance_before": "10200",
            "settlement_asset_balance_after": "10203.26",
            "settlement_asset_price": "1",
            "created_at": 1790000000500,
        },
    ),
    f"markets.{M}": (
        messages.MarketEvent,
        {
            "symbol": M,
            "event_type": "UPDATED",
            "updated_at": 1790000000000,
            "changed_fields": {"price_tick_size": "0.5"},
        },
    ),
    "mmp": (
        messages.MmpEvent,
        {
            "base_asset": "BTC",
            "kind": "TRIGGERED",
            "trip_reason": "DELTA",
            "frozen_until": 1790000060000,
            "window_size": "1",
            "window_delta": "2",
            "window_vega": "3",
            "trigger_market": "BTC-USD-27NOV26-70000-C",
        },
    ),
    "funding_payments.ALL": (
        messages.FundingPayment,
        {
            "id": "17900003",
            "market": M,
            "payment": "-0.02",
            "index": "101.2",
            "fill_id": "17900002",
            "account": "0x26",
            "created_at": 1790000000500,
        },
    ),
    "tradebusts": (messages.Tradebust, {"busted_fill_id": "1", "account": "0x2", "created_at": 3}),
    "transaction": (
        messages.Transaction,
        {"id": "1", "type": "TRANSACTION_FILL", "state": "REVERTED", "hash": "0x4"},
    ),
    "transfers": (
        messages.Transfer,
        {"id": "1", "direction": "IN", "token": "USDC", "amount": "5", "status": "COMPLETED"},
    ),
    "block_trades": (
        messages.BlockTrade,
        {"block_id": "b", "status": "COMPLETED", "trades": {M: {"market": M, "price": "1"}}},
    ),
    "rfq": (
        messages.RfqEvent,
        {
            "type": "RESULT",
            "seq": 4,
            "rfq_id": "r_1",
            "result": {"request_id": "9", "operation": "RFQ_CREATE", "status": "SUCCESS"},
        },
    ),
}


def decode(channel: str, **changes: Any) -> Any:
    sample = {**SAMPLES[channel], **changes}
    return decode_channel(channel, json.dumps(sample))


# -- Public channels ----------------------------------------------------------------------------


def test_a_delta_has_a_size_of_zero_for_what_is_removed_and_removes_first() -> None:
    assert decode(f"order_book.{M}.deltas") == events.Book(
        market=M,
        seq=987654322,
        is_snapshot=False,
        bids=[(61233 * E8, 0), (6123450000000, 150000000)],
        asks=[(61236 * E8, 20000000)],
        ts_ns=1790000000123 * MS,
    )


def test_s3_a_snapshot_is_sorted_best_first_on_both_sides() -> None:
    levels = [
        {"side": side, "price": price, "size": "1"}
        for side in ("BUY", "SELL")
        for price in ("10", "12", "9.5", "11")
    ]
    book = decode(
        f"order_book.{M}.deltas", update_type="s", inserts=levels, updates=[], deletes=None
    )
    assert book.is_snapshot
    assert [price / E8 for price, _ in book.bids] == [12, 11, 10, 9.5]
    assert [price / E8 for price, _ in book.asks] == [9.5, 10, 11, 12]


def test_an_empty_delta_still_advances_the_sequence() -> None:
    book = decode(f"order_book.{M}.deltas", inserts=[], updates=[], deletes=[])
    assert (book.seq, book.bids, book.asks) == (987654322, [], [])


def test_removals_reach_both_sides() -> None:
    book = decode(
        f"order_book.{M}.deltas",
        inserts=[],
        updates=[],
        deletes=[{"side": "SELL", "price": "5"}, {"side": "BUY", "price": "4", "size": "9"}],
    )
    assert (book.bids, book.asks) == ([(4 * E8, 0)], [(5 * E8, 0)])


def test_a_rest_book_is_a_snapshot() -> None:
    message = messages.decode(
        '{"market":"M","seq_no":5,"last_updated_at":7,"asks":[["11","1"],["10","2"]],'
        '"bids":[["8","1"],["9","0.5"]]}',
        messages.RestBook,
    )
    assert json_events.rest_book(message) == events.Book(
        market="M",
        seq=5,
        is_snapshot=True,
        bids=[(9 * E8, E8 // 2), (8 * E8, E8)],
        asks=[(10 * E8, 2 * E8), (11 * E8, E8)],
        ts_ns=7 * MS,
    )


def test_the_quote_of_protocol_6_4_equals_the_sbe_vector_of_7_7() -> None:
    bbo = decode(f"bbo.{M}")
    assert bbo == events.Bbo(
        market=M,
        seq=987654321,
        bid_e8=6123450000000,
        bid_size_e8=150000000,
        ask_e8=6123460000000,
        ask_size_e8=25000000,
        ts_ns=1790000000123 * MS,
    )


@pytest.mark.parametrize(("price", "size"), [("", ""), ("0", "0"), ("61234.5", ""), ("", "1")])
def test_a_side_without_liquidity_has_no_price(price: str, size: str) -> None:
    bbo = decode(f"bbo.{M}", bid=price, bid_size=size)
    assert (bbo.bid_e8, bbo.bid_size_e8) == (None, None)
    assert bbo.ask_e8 == 6123460000000


def test_the_trade_of_protocol_6_4_equals_the_sbe_vector_of_7_7() -> None:
    assert decode(f"trades.{M}") == events.Trade(
        market=M,
        seq=None,
        trade_id="1790000000123201709233240001",
        side=Side.SELL,
        price_e8=6123440000000,
        size_e8=1500000,
        trade_type="FILL",
        created_ns=1790000000122 * MS,
        published_ns=None,
    )


@pytest.mark.parametrize(
    ("sent", "read"),
    [("RPI", "RPI"), ("TRANSFER", "UNWIND_TRANSFER"), ("NEWFANGLED", "NEWFANGLED"), (None, "")],
)
def test_a_trade_type_is_a_reference_value_and_may_be_unknown(sent: str, read: str) -> None:
    assert decode(f"trades.{M}", trade_type=sent).trade_type == read


@pytest.mark.parametrize("side", ["BOTH", "buy", ""])
def test_a_side_that_is_not_modelled_is_never_guessed(side: str) -> None:
    with pytest.raises(UnmodelledValue, match="side"):
        decode(f"trades.{M}", side=side)


def test_funding_is_exact() -> None:
    assert decode(f"funding_data.{M}") == events.FundingData(
        market=M,
        funding_rate=Decimal("0.000081"),
        funding_rate_8h=Decimal("0.000081"),
        funding_index=Decimal("11234.56"),
        funding_premium=Decimal("0.42"),
        funding_period_hours=8,
        impact_premium_rate=Decimal("0.000012"),
        created_ns=1790000000000 * MS,
    )


def test_old_funding_rows_have_no_eight_hour_rate_and_no_period() -> None:
    funding = decode(
        f"funding_data.{M}", funding_rate_8h="", funding_period_hours=0, impact_premium_rate=None
    )
    assert funding.funding_rate_8h is None
    assert funding.funding_period_hours == 0
    assert funding.impact_premium_rate is None


@pytest.mark.parametrize("hours", [0.5, "NaN", "Infinity"])
def test_a_funding_period_is_whole_hours(hours: object) -> None:
    with pytest.raises(DecodeError, match="funding_period_hours"):
        decode(f"funding_data.{M}", funding_period_hours=hours)


def test_a_comparison_names_its_source() -> None:
    assert decode("funding_rate_comparison.ALL@1000ms") == events.FundingComparison(
        market=M,
        source="BINANCE",
        asset_kind="PERPETUAL_FUTURE",
        hourly_funding_rate=Decimal("0.000010125"),
        updated_ns=1790000000000 * MS,
    )


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"symbol": "ETH-USD-PERP", "market": None}, ("ETH-USD-PERP", "BINANCE")),
        ({"symbol": "ETH-USD-PERP"}, ("ETH-USD-PERP", "BINANCE")),
        ({"source": "Hyperliquid"}, (M, "HYPERLIQUID")),
        ({"source": ""}, (M, "UNSPECIFIED")),
    ],
)
def test_a_comparisons_market_goes_by_either_name(
    sent: dict[str, Any], read: tuple[str, str]
) -> None:
    comparison = decode("funding_rate_comparison.ALL@1000ms", **sent)
    assert (comparison.market, comparison.source) == read


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("PERP", "PERPETUAL_FUTURE"),
        ("perpetual_future", "PERPETUAL_FUTURE"),
        ("PERP_OPTION", "OPTION"),
        ("SPOT", "SPOT"),
        ("NEWFANGLED", "NEWFANGLED"),
        (None, "UNSPECIFIED"),
    ],
)
def test_a_comparisons_kind_is_named_as_in_sbe(sent: str | None, read: str) -> None:
    assert decode("funding_rate_comparison.ALL@1000ms", asset_kind=sent).asset_kind == read


def test_a_comparison_without_a_market_is_refused() -> None:
    with pytest.raises(DecodeError, match="symbol"):
        decode("funding_rate_comparison.ALL@1000ms", market="")


def test_the_deprecated_delta_stands_in_for_greeks_that_are_absent() -> None:
    assert decode("markets_summary", greeks=None, delta="0.25").delta_e8 == E8 // 4
    assert decode("markets_summary", delta="0.25").delta_e8 == 41000000


def test_the_summary_of_protocol_9_4_is_exact_in_units_of_1e8() -> None:
    assert decode("markets_summary") == events.MarketSummary(
        market="BTC-USD-27NOV26-70000-C",
        ts_ns=1790000000123 * MS,
        mark_price_e8=152033000000,
        underlying_price_e8=6801240000000,
        last_price_e8=1515 * E8,
        external_fair_price_e8=None,
        bid_e8=1505 * E8,
        bid_size_e8=2 * E8,
        ask_e8=1530 * E8,
        ask_size_e8=150000000,
        volume_24h_e8=25400010000000,
        total_volume_e8=912003370000000,
        open_interest_e8=13240000000,
        funding_rate_e12=None,
        future_funding_rate_e8=11000,
        price_change_rate_24h_e8=None,
        mark_iv_e8=51200000,
        bid_iv_e8=50500000,
        ask_iv_e8=51900000,
        last_iv_e8=51000000,
        delta_e8=41000000,
        gamma_e8=3000,
        vega_e8=3820000000,
        theta_e8=-9510000000,
        rho_e8=410000000,
        vanna_e8=30000000,
        volga_e8=1220000000,
        forward_rate_e8=4300000,
        risk_free_rate_e8=4000000,
    )


def test_statistics_are_rounded_and_rates_keep_twelve_places() -> None:
    summary = decode(
        "markets_summary",
        funding_rate="0.0000812345678949",
        volume_24h="0.123456789",
        mark_price="1.000000005",
        greeks=None,
        delta="0.999999999",
    )
    assert summary.funding_rate_e12 == 81234568
    assert summary.volume_24h_e8 == 12345679
    assert summary.mark_price_e8 == E8
    assert summary.delta_e8 == E8
    assert summary.gamma_e8 is None


@pytest.mark.parametrize(
    ("channel", "field", "value"),
    [
        ("markets_summary", "bid", "1.000000001"),
        ("markets_summary", "mark_iv", "n/a"),
        (f"bbo.{M}", "bid", "1.000000001"),
        (f"bbo.{M}", "ask_size", "one"),
        (f"trades.{M}", "price", ""),
        (f"trades.{M}", "side", 1),
        (f"trades.{M}", "size", "1e3"),
        (f"order_book.{M}.deltas", "update_type", "x"),
        (f"order_book.{M}.deltas", "seq_no", "5"),
        (f"order_book.{M}.deltas", "inserts", [{"side": "BUY", "price": "1"}]),
        (f"order_book.{M}.deltas", "inserts", [{"side": "?", "price": "1", "size": "1"}]),
        (f"funding_data.{M}", "funding_rate", ""),
        ("account", "free_collateral", ""),
        ("orders.ALL", "size", ""),
        ("orders.ALL", "remaining_size", "x"),
        ("orders.ALL", "flags", "REDUCE_ONLY"),
        ("orders.ALL", "id", None),
        ("fills.ALL", "price", ""),
        ("fills.ALL", "fee", "free"),
        ("positions", "size", "NaN"),
        ("positions", "size", "0.345"),
    ],
)
def test_a_wrong_shape_or_number_is_a_decode_error(channel: str, field: str, value: Any) -> None:
    with pytest.raises(DecodeError):
        decode(channel, **{field: value})


@pytest.mark.parametrize(
    ("channel", "field"),
    [("fills.ALL", "price"), ("fills.ALL", "fee"), ("account", "total_collateral"),
     (f"bbo.{M}", "bid"), ("markets_summary", "mark_iv")],
)  # fmt: skip
def test_a_wrong_number_is_named_by_its_field(channel: str, field: str) -> None:
    with pytest.raises(DecodeError, match=f"{field}: 'abc'"):
        decode(channel, **{field: "abc"})


# -- Private channels ---------------------------------------------------------------------------


def test_the_order_of_protocol_4_3_becomes_an_order_update() -> None:
    update = decode("orders.ALL")
    assert update == events.OrderUpdate(
        order_id="1790000000123201709233240000",
        account="0x26192f7b",
        market=M,
        side=Side.BUY,
        type=OrderType.LIMIT,
        instruction=Instruction.POST_ONLY,
        size=Decimal("0.015"),
        remaining_size=Decimal("0.015"),
        price=Decimal("61234.5"),
        trigger_price=None,
        status=OrderStatus.OPEN,
        cancel_reason="",
        client_id="O-20260921-1",
        avg_fill_price=None,
        stp="EXPIRE_TAKER",
        flags=frozenset({"REDUCE_ONLY"}),
        created_ns=1790000000140 * MS,
        updated_ns=1790000000141 * MS,
        published_ns=1790000000143 * MS,
        received_ns=1790000000131 * MS,
        signature_ns=1790000000123 * MS,
        seq=1790000000141000017,
        request=None,
    )
    assert update.filled_size == 0


@pytest.mark.parametrize("kind", [kind for kind in OrderType if kind.is_market])
@pytest.mark.parametrize("price", ["0", "", "61234.5"])
def test_a_market_type_has_no_price(kind: OrderType, price: str) -> None:
    assert decode("orders.ALL", type=kind, price=price).price is None


@pytest.mark.parametrize("none", ["", "0", "0.0", None])
def test_zero_and_empty_both_mean_no_trigger_and_no_average(none: str | None) -> None:
    update = decode("orders.ALL", trigger_price=none, avg_fill_price=none)
    assert update.trigger_price is None
    assert update.avg_fill_price is None


def test_a_trigger_and_an_average_that_are_there_are_exact() -> None:
    update = decode(
        "orders.ALL", type="STOP_LIMIT", trigger_price="60000.1", avg_fill_price="61234.55"
    )
    assert update.trigger_price == Decimal("60000.1")
    assert update.avg_fill_price == Decimal("61234.55")


def test_times_that_the_venue_leaves_out_are_absent() -> None:
    update = decode("orders.ALL", published_at=0, received_at=None, timestamp=0)
    assert (update.published_ns, update.received_ns, update.signature_ns) == (None, None, None)


@pytest.mark.parametrize("status", list(RequestStatus))
def test_e7_a_modify_request_is_carried_with_its_id(status: RequestStatus) -> None:
    info = {"id": "r1", "request_type": "MODIFY_ORDER", "status": status, "message": "m"}
    assert decode("orders.ALL", request_info=info).request == events.RequestInfo(
        id="r1", request_type="MODIFY_ORDER", status=status, message="m"
    )


@pytest.mark.parametrize("info", [None, {}, {"id": "", "status": ""}])
def test_an_empty_request_info_is_none(info: object) -> None:
    assert decode("orders.ALL", request_info=info).request is None


@pytest.mark.parametrize(
    ("channel", "field"),
    [
        ("orders.ALL", "side"),
        ("orders.ALL", "type"),
        ("orders.ALL", "instruction"),
        ("orders.ALL", "status"),
        ("fills.ALL", "side"),
        ("fills.ALL", "fill_type"),
        ("fills.ALL", "liquidity"),
        ("positions", "side"),
        ("positions", "status"),
    ],
)
def test_state_that_is_not_modelled_fails_loudly(channel: str, field: str) -> None:
    with pytest.raises(UnmodelledValue) as caught:
        decode(channel, **{field: "NEWFANGLED"})
    assert caught.value.field == field
    assert caught.value.value == "NEWFANGLED"


def test_a_request_state_that_is_not_modelled_fails_loudly() -> None:
    with pytest.raises(UnmodelledValue, match=r"request_info\.status"):
        decode("orders.ALL", request_info={"id": "1", "status": "HALF"})


def test_the_fill_of_protocol_10_4_becomes_a_fill() -> None:
    fill = decode("fills.ALL")
    assert fill == events.Fill(
        fill_id="1790000000200201709233240002",
        fill_type=FillType.FILL,
        account="0x26192f7b",
        market=M,
        order_id="1790000000123201709233240000",
        client_id="O-20260921-1",
        side=Side.BUY,
        liquidity=Liquidity.MAKER,
        price=Decimal("61234.5"),
        size=Decimal("0.005"),
        fee=Decimal("0.0091"),
        fee_currency="USDC",
        realized_pnl=Decimal("1.25"),
        realized_funding=Decimal("-0.003"),
        remaining_size=Decimal("0.010"),
        underlying_price=Decimal("61229.9"),
        trade_id=None,
        flags=frozenset(),
        book_seq=987654330,
        created_ns=1790000000200 * MS,
    )
    assert fill.key == ("FILL", "1790000000200201709233240002")


@pytest.mark.parametrize("fill_type", list(FillType))
def test_every_fill_type_is_modelled(fill_type: FillType) -> None:
    assert decode("fills.ALL", fill_type=fill_type).fill_type is fill_type


def test_an_unwind_transfer_is_known_by_its_old_name() -> None:
    assert decode("fills.ALL", fill_type="TRANSFER").fill_type is FillType.UNWIND_TRANSFER


def test_e9_a_fill_that_no_order_made_is_not_dropped() -> None:
    sample = {
        key: SAMPLES["fills.ALL"][key]
        for key in ("id", "market", "side", "liquidity", "price", "size", "created_at")
    }
    fill = decode_channel("fills.ALL", json.dumps(sample | {"fill_type": "SETTLE_MARKET"}))
    assert (fill.order_id, fill.client_id, fill.fee) == ("", "", 0)
    assert (fill.fee_currency, fill.realized_pnl, fill.remaining_size) == (None, None, None)
    assert (fill.book_seq, fill.underlying_price, fill.realized_funding) == (None, None, None)


def test_a_rebate_keeps_its_sign_and_its_currency() -> None:
    fill = decode("fills.ALL", fee="-0.0031", fee_currency="DIME")
    assert (fill.fee, fill.fee_currency) == (Decimal("-0.0031"), "DIME")


def test_fill_flags_are_upper_case_as_in_sbe() -> None:
    assert decode("fills.ALL", flags=["interactive", "rpi"]).flags == {"INTERACTIVE", "RPI"}


def test_the_position_of_protocol_10_3_becomes_a_position() -> None:
    assert decode("positions") == events.Position(
        account="0x26192f7b",
        market=M,
        status=PositionStatus.OPEN,
        signed_size=Decimal("-0.345"),
        average_entry_price=Decimal("61001.34"),
        average_entry_price_usd=Decimal("61005.1"),
        unrealized_pnl=Decimal("-123.23"),
        unrealized_funding_pnl=Decimal("2.2"),
        realized_pnl=Decimal("-3.1"),
        liquidation_price=Decimal("78210.4"),
        leverage=Decimal(10),
        cost=Decimal("-21045.46"),
        cost_usd=Decimal("-21046.8"),
        cached_funding_index=Decimal("11234.56"),
        last_fill_id="1790",
        updated_ns=1790000000141 * MS,
        seq=1790000000141000019,
    )


@pytest.mark.parametrize(
    ("side", "size"), [("LONG", "0.345"), ("LONG", "0"), ("SHORT", "0"), ("", "-1"), ("", "1")]
)
def test_a_positions_size_is_taken_as_signed(side: str, size: str) -> None:
    assert decode("positions", side=side, size=size).signed_size == Decimal(size)


@pytest.mark.parametrize(("side", "size"), [("LONG", "-0.345"), ("SHORT", "0.345")])
def test_a_side_that_contradicts_the_size_is_refused(side: str, size: str) -> None:
    with pytest.raises(DecodeError, match="contradicts"):
        decode("positions", side=side, size=size)


def test_a_position_may_have_no_liquidation_price() -> None:
    position = decode("positions", liquidation_price="", leverage=None, side="LONG", size="1")
    assert position.liquidation_price is None
    assert position.leverage is None


def test_the_account_of_protocol_6_4_becomes_a_summary() -> None:
    assert decode("account") == events.AccountSummary(
        account="0x26",
        status="ACTIVE",
        account_value=Decimal("10250.12"),
        total_collateral=Decimal(10200),
        free_collateral=Decimal("9100.5"),
        initial_margin=Decimal("1149.62"),
        maintenance_margin=Decimal("574.81"),
        margin_cushion=Decimal("9675.31"),
        settlement_asset="USDC",
        updated_ns=1790000000141 * MS,
        seq=1790000000141000020,
    )


@pytest.mark.parametrize(
    ("address", "normal"),
    [
        ("0x26192f7b", "0x26192f7b"),
        ("0x026192F7B", "0x26192f7b"),
        ("0X0026192f7b", "0x26192f7b"),
        ("26192F7B", "0x26192f7b"),
        ("0x0", "0x0"),
        ("", ""),
    ],
)
def test_an_account_has_one_spelling(address: str, normal: str) -> None:
    assert json_events.normal_account(address) == normal
    assert decode("fills.ALL", account=address).account == normal
    assert decode("positions", account=address).account == normal
    assert decode("orders.ALL", account=address).account == normal


# -- All channels -------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", JSON_ONLY)
def test_what_only_json_carries_keeps_its_message_type(channel: str) -> None:
    kind, sample = JSON_ONLY[channel]
    value = decode_channel(channel, json.dumps(sample))
    assert type(value) is kind
    written = json.loads(messages.encode(value))
    flat = {key: item for key, item in sample.items() if not isinstance(item, dict)}
    assert flat.items() <= written.items()


def test_nested_payloads_are_typed() -> None:
    rfq = decode_channel("rfq", json.dumps(JSON_ONLY["rfq"][1]))
    assert rfq.result.status == "SUCCESS"
    block = decode_channel("block_trades", json.dumps(JSON_ONLY["block_trades"][1]))
    assert block.trades[M].price == "1"


def test_every_kind_of_channel_is_decoded() -> None:
    names = [*SAMPLES, *JSON_ONLY, f"order_book.{M}.snapshot@15@50ms"]
    decoded = {json_events.channels.parse(name).kind for name in names}
    assert decoded == set(ChannelKind)


def test_a_book_is_the_same_on_every_book_channel() -> None:
    sample = json.dumps(SAMPLES[f"order_book.{M}.deltas"])
    expected = decode_channel(f"order_book.{M}.deltas", sample)
    for feed in ("interactive_deltas", "snapshot@15@50ms", "interactive@15@100ms@0_1"):
        assert decode_channel(f"order_book.{M}.{feed}", sample) == expected


def test_an_unknown_channel_is_a_decode_error() -> None:
    with pytest.raises(DecodeError, match="not known"):
        decode_channel("klines.BTC", "{}")


ALL_CHANNELS = [*SAMPLES, *JSON_ONLY]


@pytest.mark.parametrize("channel", ALL_CHANNELS)
@given(payload=st.binary(max_size=120) | st.text(max_size=120))
def test_garbage_gives_a_decode_error_and_nothing_else(channel: str, payload: bytes | str) -> None:
    with pytest.raises(DecodeError):
        decode_channel(channel, payload)


SLIPS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=70)
    | st.sampled_from(["", "0", "-0", "1e99", "NaN", "1" * 70])
    | st.lists(st.none() | st.text(max_size=3), max_size=2)
    | st.dictionaries(st.sampled_from(["id", "price", "side"]), st.none() | st.text(max_size=3))
)


@pytest.mark.parametrize("channel", ALL_CHANNELS)
@given(data=st.data())
def test_a_field_of_any_value_decodes_or_gives_a_wire_error(
    channel: str, data: st.DataObject
) -> None:
    sample = SAMPLES.get(channel) or JSON_ONLY[channel][1]
    field = data.draw(st.sampled_from(sorted(sample)))
    slipped = {**sample, field: data.draw(SLIPS)}
    try:
        value = decode_channel(channel, json.dumps(slipped))
    except (DecodeError, UnmodelledValue):
        return
    assert value is not None


def _text(e8: int) -> str:
    whole, fraction = divmod(e8, E8)
    return f"{whole}.{fraction:08d}"


@given(price=st.integers(1, 10**17), size=st.integers(1, 10**17))
def test_prices_and_sizes_survive_exactly(price: int, size: int) -> None:
    trade = decode(f"trades.{M}", price=_text(price), size=_text(size))
    assert (trade.price_e8, trade.size_e8) == (price, size)
    fill = decode("fills.ALL", price=_text(price), size=_text(size))
    assert (Fraction(fill.price) * E8, Fraction(fill.size) * E8) == (price, size)
    bbo = decode(f"bbo.{M}", bid=_text(price), bid_size=_text(size))
    assert (bbo.bid_e8, bbo.bid_size_e8) == (price, size)


@pytest.mark.parametrize(
    ("convert", "kind", "channel"),
    [
        (json_events.order_update, messages.OrderMessage, "orders.ALL"),
        (json_events.fill, messages.FillMessage, "fills.ALL"),
        (json_events.position, messages.PositionMessage, "positions"),
        (json_events.account_summary, messages.AccountSummaryMessage, "account"),
        (json_events.trade, messages.TradeMessage, f"trades.{M}"),
        (json_events.bbo, messages.BboMessage, f"bbo.{M}"),
        (json_events.market_summary, messages.MarketSummaryMessage, "markets_summary"),
        (json_events.funding_data, messages.FundingDataMessage, f"funding_data.{M}"),
    ],
)
def test_a_rest_row_becomes_what_the_stream_becomes(
    convert: Callable[[Any], Any], kind: type, channel: str
) -> None:
    page = messages.decode(json.dumps({"results": [SAMPLES[channel]]}), messages.Page[kind])
    assert convert(page.results[0]) == decode(channel)
