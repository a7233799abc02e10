"""S1: the same market served as SBE 0, 1, 2 and JSON gives equal framework objects."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any

import aiohttp
import msgspec
import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.stream import ParadexStream
from nautilus_paradex.network.stream import StreamSettings
from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.parsing.instruments import parse_instrument
from nautilus_paradex.parsing.market_data import InstrumentScale
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol import events
from nautilus_paradex.protocol import messages
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.json_events import decode_channel
from nautilus_paradex.protocol.numbers import format_decimal
from nautilus_paradex.protocol.numbers import format_mantissa
from nautilus_paradex.protocol.numbers import from_mantissa
from nautilus_paradex.protocol.sbe import codes
from nautilus_paradex.protocol.sbe import decode_frame
from nautilus_paradex.protocol.sbe import encode_event
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.engine.markets import default_markets
from tests.acceptance.node import until
from tests.data.encoding_rows import ENCODINGS
from tests.data.encoding_rows import JSON
from tests.data.encoding_rows import LACKS
from tests.data.encoding_rows import SBE_0
from tests.data.encoding_rows import SBE_2
from tests.data.encoding_rows import VERSIONS
from tests.data.encoding_rows import Rows
from tests.data.encoding_rows import differences
from tests.data.encoding_rows import rows_of


MS = 1_000_000
PERP = InstrumentId.from_str("BTC-USD-PERP.PARADEX")
M = PERP.symbol.value


# -- COMPOSED --------------------------------------------------------------------------------------

PRICE_LIMIT = 10**18
price = st.integers(1, PRICE_LIMIT)
size = st.integers(1, PRICE_LIMIT)
signed = st.integers(-PRICE_LIMIT, PRICE_LIMIT)
statistic = st.none() | signed
time = st.integers(0, 2**43).map(lambda ms: ms * MS)
seq = st.integers(1, 2**53)
number = signed.map(from_mantissa)
# A side may have a price without a size, a size without a price, or a size of zero: it is empty.
side_price = st.none() | price
side_size = st.none() | st.just(0) | size
levels = st.dictionaries(price, st.just(0) | size, max_size=12).map(lambda side: [*side.items()])
snapshot_levels = st.dictionaries(price, size, max_size=12).map(lambda side: [*side.items()])
trade_types = st.sampled_from(list(codes.TRADE_TYPE.values())) | st.integers(7, 254).map(
    lambda code: f"UNKNOWN({code})"
)


def book(is_snapshot: bool) -> st.SearchStrategy[events.Book]:
    side = snapshot_levels if is_snapshot else levels
    return st.builds(
        events.Book, market=st.just(M), seq=seq, is_snapshot=st.just(is_snapshot), bids=side,
        asks=side, ts_ns=time,
    )  # fmt: skip


EVENTS: dict[str, st.SearchStrategy[Any]] = {
    "Trade": st.builds(
        events.Trade,
        market=st.just(M),
        seq=seq,
        trade_id=st.integers(10**27, 10**28 - 1).map(str),
        side=st.sampled_from(Side),
        price_e8=price,
        size_e8=st.just(0) | size,
        trade_type=trade_types,
        created_ns=time,
        published_ns=st.none(),
    ),
    "Bbo": st.builds(
        events.Bbo,
        market=st.just(M),
        seq=seq,
        bid_e8=side_price,
        bid_size_e8=side_size,
        ask_e8=side_price,
        ask_size_e8=side_size,
        ts_ns=time,
    ),
    "snapshot": book(True),
    "delta": book(False),
    "MarketSummary": st.builds(
        events.MarketSummary,
        **{
            field.name: {
                "market": st.just(M),
                "ts_ns": time,
                "bid_e8": side_price,
                "bid_size_e8": side_size,
                "ask_e8": side_price,
                "ask_size_e8": side_size,
                "last_price_e8": st.none() | price,
                "total_volume_e8": st.none() | st.integers(0, 2**63 - 1),
            }.get(field.name, statistic)
            for field in msgspec.structs.fields(events.MarketSummary)
        },
    ),
    "FundingData": st.builds(
        events.FundingData,
        market=st.just(M),
        funding_rate=number,
        funding_rate_8h=st.none() | number,
        funding_index=number,
        funding_premium=number,
        funding_period_hours=st.integers(0, 1_000),
        impact_premium_rate=st.none() | number,
        created_ns=time,
    ),
    "FundingComparison": st.builds(
        events.FundingComparison,
        market=st.just(M),
        source=st.sampled_from(list(codes.FUNDING_RATE_SOURCE.values())),
        asset_kind=st.sampled_from(list(codes.ASSET_KIND.values())),
        hourly_funding_rate=signed.map(lambda mantissa: from_mantissa(mantissa, 12)),
        updated_ns=time,
    ),
}


def text(value: int | None) -> str:
    return "" if value is None else format_mantissa(value)


def plain(value: Decimal | None) -> str:
    return "" if value is None else format_decimal(value)


def entries(side: str, rows: list[tuple[int, int]]) -> list[dict[str, str]]:
    return [{"side": side, "price": text(p), "size": text(s)} for p, s in rows]


def in_json(event: Any) -> tuple[str, dict[str, Any]]:
    """Return an event as the venue writes it in JSON (PROTOCOL 6.4): channel and data."""
    match event:
        case events.Trade():
            return f"trades.{M}", {
                "id": event.trade_id,
                "market": M,
                "side": event.side,
                "price": text(event.price_e8),
                "size": text(event.size_e8),
                "created_at": event.created_ns // MS,
                "trade_type": event.trade_type,
            }
        case events.Bbo():
            return f"bbo.{M}", {
                "market": M,
                "seq_no": event.seq,
                "bid": text(event.bid_e8),
                "bid_size": text(event.bid_size_e8),
                "ask": text(event.ask_e8),
                "ask_size": text(event.ask_size_e8),
                "last_updated_at": event.ts_ns // MS,
            }
        case events.Book():
            rows = entries("BUY", event.bids) + entries("SELL", event.asks)
            gone = [] if event.is_snapshot else [row for row in rows if row["size"] == "0"]
            there = [row for row in rows if row not in gone]
            half = len(there) if event.is_snapshot else len(there) // 2
            return f"order_book.{M}.deltas", {
                "seq_no": event.seq,
                "market": M,
                "last_updated_at": event.ts_ns // MS,
                "update_type": "s" if event.is_snapshot else "d",
                "inserts": there[:half],
                "updates": there[half:],
                "deletes": gone,
            }
        case events.MarketSummary():
            return "markets_summary", summary_in_json(event)
        case events.FundingData():
            return f"funding_data.{M}", {
                "market": M,
                "funding_index": plain(event.funding_index),
                "funding_premium": plain(event.funding_premium),
                "funding_rate": plain(event.funding_rate),
                "funding_rate_8h": plain(event.funding_rate_8h),
                "funding_period_hours": event.funding_period_hours,
                "impact_premium_rate": plain(event.impact_premium_rate),
                "created_at": event.created_ns // MS,
            }
        case events.FundingComparison():
            return "funding_rate_comparison.ALL@1000ms", {
                "symbol": M,
                "source": event.source,
                "asset_kind": event.asset_kind,
                "hourly_funding_rate": plain(event.hourly_funding_rate),
                "last_updated_at": event.updated_ns // MS,
            }
    raise TypeError(event)


def summary_in_json(event: events.MarketSummary) -> dict[str, Any]:
    rate = event.funding_rate_e12
    names = {
        "last_price": "last_traded_price",
        "funding_rate": None,
    }
    greeks = ("delta", "gamma", "vega", "theta", "rho", "vanna", "volga")
    data: dict[str, Any] = {
        "symbol": M,
        "created_at": event.ts_ns // MS,
        "funding_rate": "" if rate is None else plain(from_mantissa(rate, 12)),
        "greeks": {name: text(getattr(event, f"{name}_e8")) for name in greeks},
    }
    for field in msgspec.structs.fields(event):
        name = field.name.removesuffix("_e8")
        if name != field.name and name not in greeks:
            data[names.get(name) or name] = text(getattr(event, field.name))
    return data


def decoded(event: Any, encoding: str) -> Any:
    """Return what a reader of an encoding understands: an event, or the name of an error."""
    try:
        if encoding == JSON:
            channel, data = in_json(event)
            return decode_channel(channel, json.dumps(data))
        version = VERSIONS[encoding]
        if isinstance(event, events.FundingComparison):
            version = max(version, 1)  # version 0 has no such message: the venue sends JSON
        return decode_frame(encode_event(event, version=version))
    except WireError as error:
        return type(error).__name__


def composed_rows(event: Any, encoding: str, precision: int) -> Rows:
    read = decoded(event, encoding)
    if isinstance(read, str):
        return {"error": {"name": read}}
    return rows_of(read, PERP, InstrumentScale(PERP, precision, precision))


def assert_equal_in_all(event: Any, precision: int) -> None:
    rows = {encoding: composed_rows(event, encoding, precision) for encoding in ENCODINGS}
    for encoding in ENCODINGS:
        assert not differences(rows[SBE_2], rows[encoding], (SBE_2, encoding)), event


@pytest.mark.parametrize("name", EVENTS)
def test_s1_an_event_is_the_same_framework_object_in_every_encoding(name: str) -> None:
    @given(EVENTS[name], st.sampled_from([8, 3, 0]))
    def holds(event: Any, precision: int) -> None:
        assert_equal_in_all(event, precision)

    holds()


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Trade", "price_e8"),
        ("Trade", "size_e8"),
        ("FundingData", "funding_rate"),
        ("FundingData", "funding_index"),
        ("FundingData", "funding_premium"),
        ("FundingComparison", "hourly_funding_rate"),
    ],
)
def test_a_missing_number_is_the_same_error_in_every_encoding(name: str, field: str) -> None:
    @given(EVENTS[name])
    def holds(event: Any) -> None:
        broken = msgspec.structs.replace(event, **{field: None})
        assert {decoded(broken, encoding) for encoding in ENCODINGS} == {"DecodeError"}

    holds()


@given(EVENTS["Trade"], st.integers(3, 254))
@example(events.Trade(market=M, seq=1, trade_id="1" * 28, side=Side.BUY, price_e8=1, size_e8=1,
                      trade_type="FILL", created_ns=0, published_ns=None), 254)  # fmt: skip
def test_a_side_that_is_not_modelled_is_the_same_error_in_every_encoding(
    event: events.Trade, code: int
) -> None:
    _, data = in_json(event)
    with pytest.raises(WireError) as in_text:
        decode_channel(f"trades.{M}", json.dumps(data | {"side": "BOTH"}))
    for version in VERSIONS.values():
        frame = bytearray(encode_event(event, version=version))
        frame[8 + 24] = code
        with pytest.raises(WireError) as in_frame:
            decode_frame(bytes(frame))
        assert type(in_frame.value) is type(in_text.value)
        assert in_frame.value.field == in_text.value.field == "side"  # type: ignore[attr-defined]  # of UnmodelledValue


@given(st.text(max_size=30).filter(lambda name: name != "TRANSFER"))  # renamed by the venue
def test_an_unknown_trade_type_is_never_an_error_in_json(name: str) -> None:
    row = {"id": "1", "market": M, "side": "BUY", "price": "1", "size": "1", "created_at": 0}
    read = decode_channel(f"trades.{M}", json.dumps(row | {"trade_type": name}))
    assert isinstance(read, events.Trade)
    assert (
        read.trade_type == name.replace("TRANSFER", "UNWIND_TRANSFER")
        if (name == "TRANSFER")
        else read.trade_type == name
    )


@pytest.mark.parametrize("code", [0, *range(7, 256)])
def test_an_unknown_trade_type_is_never_an_error_in_sbe(code: int) -> None:
    trade = events.Trade(market=M, seq=1, trade_id="1", side=Side.BUY, price_e8=1, size_e8=1,
                         trade_type=f"UNKNOWN({code})", created_ns=0, published_ns=0)  # fmt: skip
    for version in VERSIONS.values():
        assert decode_frame(encode_event(trade, version=version)).trade_type == f"UNKNOWN({code})"


def test_a_total_volume_that_saturates_in_sbe_is_left_out_where_it_is_not_known() -> None:
    """Trap 15: the one number that JSON may have and SBE not."""
    summary = events.MarketSummary(market=M, ts_ns=0, total_volume_e8=2**63 + 5)
    rows = {encoding: composed_rows(summary, encoding, 8) for encoding in ENCODINGS}
    volumes = {
        encoding: (row["ParadexMarketStatistics"] or {})["total_volume"]
        for encoding, row in rows.items()
    }
    assert volumes == dict.fromkeys(VERSIONS, None) | {JSON: Decimal("92233720368.54775813")}


def test_what_an_encoding_is_excused_from_does_differ() -> None:
    """The list of exceptions holds nothing that is equal anyway."""
    trade = events.Trade(market=M, seq=7, trade_id="1790000000123201709233240001", side=Side.BUY,
                         price_e8=1, size_e8=1, trade_type="FILL", created_ns=0,
                         published_ns=None)  # fmt: skip
    summary = events.MarketSummary(market=M, ts_ns=0, forward_rate_e8=1, risk_free_rate_e8=2,
                                   funding_rate_e12=123_456)  # fmt: skip
    funding = events.FundingData(
        market=M, funding_rate=Decimal(1), funding_rate_8h=None, funding_index=Decimal(1),
        funding_premium=Decimal(1), funding_period_hours=8, impact_premium_rate=Decimal(1),
        created_ns=0,
    )  # fmt: skip
    for encoding in ENCODINGS:
        found = set()
        for event in (trade, summary, funding):
            own = composed_rows(event, encoding, 8)
            whole = composed_rows(event, SBE_2, 8)
            for name, row in whole.items():
                other = own[name]
                assert row is None or other is not None
                found |= {
                    (name, field)
                    for field, value in (row or {}).items()
                    if other is not None and other[field] != value
                }
        assert found == LACKS[encoding]


# -- SERVED ----------------------------------------------------------------------------------------

OPTION_KINDS = ("OPTION", "PERP_OPTION")

_STATISTICS = "ParadexMarketStatistics"

#: SBE has the time of publication, JSON that of the last change.
OF_ANOTHER_TIME = frozenset(
    (name, "ts_event")
    for name in (
        "QuoteTick",
        "OrderBookDeltas",
        "MarkPriceUpdate",
        "IndexPriceUpdate",
        "FundingRateUpdate",
        "OptionGreeks",
        _STATISTICS,
    )
)
#: The schema has no null for the first four; JSON writes greeks of what is no option as zeros.
ZERO_IS_NONE = frozenset(
    {
        (_STATISTICS, "last_price"),
        (_STATISTICS, "price_change_rate_24h"),
        (_STATISTICS, "funding_rate"),
        ("FundingRateUpdate", "*"),
        ("OptionGreeks", "*"),
        *(
            (_STATISTICS, name)
            for name in ("delta", "gamma", "vega", "theta", "rho", "vanna", "volga")
        ),
    }
)


class Reading:
    """Takes what one stream says."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self.events: dict[type, list[Any]] = defaultdict(list)
        self.faults: list[Exception] = []

    def on_stream_event(self, event: Any) -> None:
        self.events[type(event)].append(event)

    def on_stream_fault(self, error: Exception) -> None:
        self.faults.append(error)

    def on_stream_state(self, state: Any) -> None:
        pass

    def on_stream_refusal(self, channel: channels.Channel, error: Exception) -> None:
        self.faults.append(error)

    async def on_stream_restored(self, epoch: int) -> None:
        pass

    def by_key(self) -> dict[Any, Any]:
        """Return the events by what identifies them in every encoding."""
        found: dict[Any, Any] = {}
        for kind, values in self.events.items():
            keys = KEYS.get(kind)
            if keys is not None:
                counted: dict[Any, int] = defaultdict(int)
                for value in values:
                    key = keys(value)
                    # Trades of a millisecond may look alike: they keep their order.
                    counted[key] += kind is events.Trade
                    found[kind, key, counted[key]] = value
        return found


KEYS: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    events.Trade: lambda e: (e.market, e.created_ns, e.price_e8, e.size_e8),
    events.Bbo: lambda e: (e.market, e.seq),
    events.Book: lambda e: (e.market, e.seq, e.is_snapshot),
    # The last one counts: of the moment at which the clock stopped.
    events.MarketSummary: lambda e: (e.market,),
    events.FundingData: lambda e: (e.market, e.created_ns),
    events.FundingComparison: lambda e: (e.market, e.source, e.updated_ns),
}


class Log:
    """Keeps nothing: what goes wrong shows in what is read."""

    def debug(self, message: str) -> None: ...
    def info(self, message: str) -> None: ...
    def warning(self, message: str) -> None: ...
    def error(self, message: str) -> None: ...
    def exception(self, message: str, error: BaseException) -> None:
        raise error


class Clock:
    """A venue's clock that stands still until it is told to go, in whole milliseconds."""

    def __init__(self) -> None:
        self.now_us = 1_790_000_000_000_000

    def __call__(self) -> int:
        return self.now_us


async def read_by(venue: LocalParadex, encoding: str, stack: AsyncExitStack) -> Reading:
    """Return what a stream of an encoding reads of everything public."""
    reading = Reading(encoding)
    timing = SystemTiming()
    versions = () if encoding == JSON else (VERSIONS[encoding],)
    stream = ParadexStream(
        StreamSettings(name=encoding, url=venue.ws_url, sbe_versions=versions),
        reading,
        timing=timing,
        limiter=RateLimiter(timing),
        log=Log(),
    )
    symbols = [spec.symbol for spec in venue.exchange.queries.markets()]
    wanted = [channels.markets_summary(), channels.funding_data()]
    wanted += [channels.funding_rate_comparison(1000), channels.trades(), channels.bbo()]
    wanted += [channels.book_deltas(symbol) for symbol in symbols]
    for channel in wanted:
        await stream.subscribe(channel)
    stream.start()
    stack.push_async_callback(stream.close)
    await stream.wait_healthy(10.0)
    assert stream.status().sbe_version == VERSIONS.get(encoding)
    return reading


async def scales(venue: LocalParadex) -> dict[str, tuple[InstrumentId, InstrumentScale]]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{venue.http_url}/markets") as answer,
    ):
        page = messages.decode(await answer.read(), messages.Page[messages.Market])
    instruments = [parse_instrument(market, None, 0) for market in page.results]
    return {i.id.symbol.value: (i.id, InstrumentScale.of(i)) for i in instruments}


async def test_s1_four_streams_of_one_market_give_equal_framework_objects() -> None:
    clock = Clock()
    listings = [
        spec
        for spec in default_markets(clock.now_us)
        if spec.symbol in ("BTC-USD-PERP", "ETH-USD-PERP") or spec.asset_kind in OPTION_KINDS
    ][:6]
    async with AsyncExitStack() as stack:
        venue = LocalParadex(seed=11, clock_us=clock, markets=listings)
        await stack.enter_async_context(venue)
        readings = [await read_by(venue, encoding, stack) for encoding in ENCODINGS]
        await until(
            lambda: all(len(KEYS.keys() & r.events.keys()) >= 4 for r in readings),
            "summaries, funding, comparisons and snapshots in all of them",
        )
        trades = readings[-1].events[events.Trade]
        while len(trades) < 40:
            clock.now_us += 20_000
            await asyncio.sleep(0.01)
        # The clock stands: what is on its way arrives, and what comes again is the same again.
        seen = {r.encoding: len(r.events[events.MarketSummary]) for r in readings}
        await until(
            lambda: all(
                len(r.events[events.MarketSummary]) >= seen[r.encoding] + 2 * len(listings)
                for r in readings
            ),
            "summaries of the moment at which the clock stopped",
        )
        await until(
            lambda: len({frozenset(r.by_key()) for r in readings}) == 1,
            lambda: [
                (r.encoding, sorted(r.by_key().keys() ^ readings[2].by_key().keys(), key=str)[:6])
                for r in readings
            ],
        )
        assert not [fault for reading in readings for fault in reading.faults]
        made = await scales(venue)
    read = {reading.encoding: reading.by_key() for reading in readings}
    assert {kind for kind, _, _ in read[SBE_2]} == KEYS.keys()
    problems = []
    compared: set[str] = set()
    for key, event in read[SBE_2].items():
        whole = rows_of(event, *made[event.market])
        for encoding in ENCODINGS:
            rows = rows_of(read[encoding][key], *made[event.market])
            compared |= {name for name in whole if whole[name] and rows[name]}
            problems += differences(
                whole,
                rows,
                (SBE_2, encoding),
                excused=OF_ANOTHER_TIME if encoding == JSON else frozenset(),
                zero_is_none=ZERO_IS_NONE if encoding == JSON else frozenset(),
            )
    assert not problems, "\n".join(problems[:20])
    assert compared == {
        "QuoteTick",
        "TradeTick",
        "ParadexPublicTrade",
        "OrderBookDeltas",
        "MarkPriceUpdate",
        "IndexPriceUpdate",
        "FundingRateUpdate",
        "OptionGreeks",
        _STATISTICS,
        "ParadexFundingData",
        "ParadexFundingComparison",
    }


def test_only_version_0_lacks_the_comparison_across_venues() -> None:
    comparison = events.FundingComparison(
        market=M, source="BYBIT", asset_kind="PERPETUAL_FUTURE",
        hourly_funding_rate=Decimal("0.000000000001"), updated_ns=0,
    )  # fmt: skip
    for version in (1, 2):
        assert decode_frame(encode_event(comparison, version=version)) == comparison
    with pytest.raises(EncodeError):
        encode_event(comparison, version=VERSIONS[SBE_0])
    assert decoded(comparison, SBE_0) == decoded(comparison, JSON) == comparison
