"""Channel names: built, parsed, refused (PROTOCOL 6.3; traps 5, 6, 8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.channels import ChannelKind
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import EncodeError


M = "BTC-USD-PERP"

# (channel, name, needs auth, SBE template), row by row of PROTOCOL 6.3.
TABLE = [
    (channels.trades(M), f"trades.{M}", False, 1),
    (channels.trades(), "trades.ALL", False, 1),
    (channels.bbo(M), f"bbo.{M}", False, 2),
    (channels.bbo(), "bbo.ALL", False, 2),
    (channels.bbo(M, interactive=True), f"bbo.{M}.interactive", False, 2),
    (channels.book_deltas(M), f"order_book.{M}.deltas", False, 3),
    (channels.book_deltas(M, interactive=True), f"order_book.{M}.interactive_deltas", False, 3),
    (channels.book_snapshot(M, 50), f"order_book.{M}.snapshot@15@50ms", False, 3),
    (channels.book_snapshot(M), f"order_book.{M}.snapshot@15@100ms", False, 3),
    (
        channels.book_snapshot(M, 100, price_tick="0.1"),
        f"order_book.{M}.snapshot@15@100ms@0_1",
        False,
        3,
    ),
    (
        channels.book_snapshot(M, 100, price_tick="10"),
        f"order_book.{M}.snapshot@15@100ms@10",
        False,
        3,
    ),
    (
        channels.book_snapshot(M, 400, interactive=True),
        f"order_book.{M}.interactive@15@400ms",
        False,
        3,
    ),
    (
        channels.book_snapshot(M, 200, "0.0000005", interactive=True),
        f"order_book.{M}.interactive@15@200ms@0_0000005",
        False,
        3,
    ),
    (channels.markets_summary(), "markets_summary", False, 4),
    (channels.markets_summary("ALL"), "markets_summary.ALL", False, 4),
    (channels.markets_summary(M), f"markets_summary.{M}", False, 4),
    (channels.markets(), "markets", False, None),
    (channels.markets(M), f"markets.{M}", False, None),
    (channels.funding_data(M), f"funding_data.{M}", False, 5),
    (channels.funding_data(), "funding_data.ALL", False, 5),
    (channels.funding_rate_comparison(500), "funding_rate_comparison.ALL@500ms", False, 6),
    (channels.funding_rate_comparison(), "funding_rate_comparison.ALL@1000ms", False, 6),
    (channels.account(), "account", True, 23),
    (channels.balance_events(), "balance_events", True, None),
    (channels.positions(), "positions", True, 22),
    (channels.orders(), "orders.ALL", True, 20),
    (channels.orders(M), f"orders.{M}", True, 20),
    (channels.fills(), "fills.ALL", True, 21),
    (channels.fills(M), f"fills.{M}", True, 21),
    (channels.funding_payments(), "funding_payments.ALL", True, None),
    (channels.funding_payments(M), f"funding_payments.{M}", True, None),
    (channels.tradebusts(), "tradebusts", True, None),
    (channels.transaction(), "transaction", True, None),
    (channels.transfers(), "transfers", True, None),
    (channels.block_trades(), "block_trades", True, None),
    (channels.rfq(), "rfq", True, None),
    (channels.rfq("r_2abCdEf"), "rfq.r_2abCdEf", True, None),
    (channels.mmp(), "mmp", True, None),
]


@pytest.mark.parametrize(("channel", "name", "auth", "template"), TABLE, ids=lambda v: str(v)[:60])
def test_every_channel_of_the_table_is_built_and_read_back(
    channel: Channel, name: str, auth: bool, template: int | None
) -> None:
    assert channel.name == name
    assert channel.needs_auth is auth
    assert channel.sbe_template == template
    assert channel.subscribe_params == {"channel": name}
    assert channels.parse(name) == channel
    assert hash(channels.parse(name)) == hash(channel)


def test_the_table_covers_every_kind() -> None:
    assert {row[0].kind for row in TABLE} == set(ChannelKind)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "trade",
        "trades.",
        "trades.ALL.more",
        "trades.BTC USD",
        "trades.BTC-USD-PERP\n",
        f"bbo.interactive.{M}",
        f"bbo.{M}@interactive",
        f"bbo.{M}.interactive.interactive",
        "bbo.ALL.interactive",
        "bbo..interactive",
        f"order_book.{M}",
        "order_book",
        "order_book.deltas",
        "order_book.ALL.deltas",
        f"order_book.{M}.deltas@15@50ms",
        f"order_book.{M}.Deltas",
        f"order_book.{M}.snapshot",
        f"order_book.{M}.snapshot@20@50ms",
        f"order_book.{M}.snapshot@15@200ms",
        f"order_book.{M}.snapshot@15@050ms",
        f"order_book.{M}.snapshot@15@50ms@",
        f"order_book.{M}.snapshot@15@50ms@0.1",
        f"order_book.{M}.snapshot@15@50ms@0_0",
        f"order_book.{M}.snapshot@15@50ms@0_1_0",
        f"order_book.{M}.interactive@15@50ms",
        "order_books.x.deltas",
        "markets.ALL",
        "markets_summary.",
        "market_summary",
        "funding_rate_comparison.ALL",
        "funding_rate_comparison.ALL@250ms",
        "funding_rate_comparison.ALL@0500ms",
        f"funding_rate_comparison.{M}@500ms",
        "funding_data",
        "funding_payments",
        "orders",
        "fills",
        "account.ALL",
        "accounts",
        "transactions",
        "transfer",
        "positions.ALL",
        "rfq.",
        "rfq.a b",
        "mmp.BTC",
    ],
)
def test_names_outside_the_grammar_are_refused_and_never_matched_by_prefix(name: str) -> None:
    with pytest.raises(DecodeError):
        channels.parse(name)


@given(st.text(max_size=60))
def test_a_name_is_read_back_exactly_or_refused(name: str) -> None:
    try:
        channel = channels.parse(name)
    except DecodeError:
        return
    assert channel.name == name


@given(
    st.sampled_from([row[1] for row in TABLE]),
    st.integers(0, 70),
    st.sampled_from([*"abAL.@_0159ms-", ""]),
)
def test_a_name_with_a_slip_is_another_name_or_refused(name: str, at: int, slip: str) -> None:
    changed = name[:at] + slip + name[at + 1 :]
    try:
        channel = channels.parse(changed)
    except DecodeError:
        return
    assert channel.name == changed


def test_a_strike_with_a_decimal_point_is_part_of_the_market() -> None:
    option = "XRP-USD-27NOV26-0.5-C"
    for channel in (
        channels.trades(option),
        channels.bbo(option),
        channels.bbo(option, interactive=True),
        channels.book_deltas(option),
        channels.book_snapshot(option, price_tick="0.001"),
        channels.markets_summary(option),
    ):
        assert channels.parse(channel.name) == channel
        assert channel.market == option


def test_an_option_chain_is_subscribed_by_its_base_asset() -> None:
    assert channels.bbo(base_asset="BTC").subscribe_params == {
        "channel": "bbo",
        "base_asset": "BTC",
    }
    assert channels.trades(base_asset="ETH").subscribe_params == {
        "channel": "trades",
        "base_asset": "ETH",
    }
    assert channels.parse("bbo").kind is ChannelKind.BBO
    assert channels.parse("trades").market is None


def test_a_scope_of_summaries_is_changed_in_place() -> None:
    channel = channels.markets_summary(markets=[M])
    assert channel.subscribe_params == {"channel": "markets_summary", "markets": [M]}
    assert channel.modify_params(add=["ETH-USD-PERP"]) == {
        "channel": "markets_summary",
        "add": ["ETH-USD-PERP"],
    }
    assert channel.modify_params(remove=[M]) == {"channel": "markets_summary", "remove": [M]}


def test_an_empty_scope_is_a_scope() -> None:
    assert channels.markets_summary(markets=[]).subscribe_params == {
        "channel": "markets_summary",
        "markets": [],
    }


@pytest.mark.parametrize(
    "build",
    [
        lambda: channels.trades(""),
        lambda: channels.trades("BTC USD"),
        lambda: channels.trades(M, base_asset="BTC"),
        lambda: channels.bbo("ALL", interactive=True),
        lambda: channels.bbo(M, interactive=True, base_asset="BTC"),
        lambda: channels.bbo(base_asset="B C"),
        lambda: channels.book_deltas("ALL"),
        lambda: channels.book_deltas("a.b"),
        lambda: channels.book_snapshot(M, 200),
        lambda: channels.book_snapshot(M, 50, interactive=True),
        lambda: channels.book_snapshot(M, price_tick="0"),
        lambda: channels.book_snapshot(M, price_tick="0.0"),
        lambda: channels.book_snapshot(M, price_tick="0_1"),
        lambda: channels.book_snapshot(M, price_tick="-1"),
        lambda: channels.book_snapshot(M, price_tick="01"),
        lambda: channels.markets_summary("a@b"),
        lambda: channels.markets_summary(M, markets=[M]),
        lambda: channels.markets_summary(markets=["ALL"]),
        lambda: channels.markets("ALL"),
        lambda: channels.funding_rate_comparison(100),
        lambda: channels.rfq(""),
        lambda: channels.markets_summary(M).modify_params(add=[M]),
        lambda: channels.markets_summary(markets=[M]).modify_params(),
        lambda: channels.markets_summary(markets=[M]).modify_params(add=["ALL"]),
    ],
)
def test_what_the_venue_does_not_offer_is_refused_before_it_is_sent(build) -> None:
    with pytest.raises(EncodeError):
        build()
