"""Custom data: what it carries survives the message bus and a catalog (rule S8)."""

import pickle
from dataclasses import FrozenInstanceError
from decimal import Decimal

import msgspec
import pyarrow as pa
import pytest
from nautilus_trader.common.component import MessageBus
from nautilus_trader.common.component import TestClock
from nautilus_trader.common.data_topics import TopicCache
from nautilus_trader.model.data import CustomData
from nautilus_trader.model.data import DataType
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.serialization.arrow.serializer import ArrowSerializer
from nautilus_trader.serialization.arrow.serializer import get_schema
from nautilus_trader.serialization.serializer import MsgSpecSerializer

from nautilus_paradex.network.status import StreamStatus
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.types import CUSTOM_TYPES
from nautilus_paradex.types import ParadexFundingComparison
from nautilus_paradex.types import ParadexFundingData
from nautilus_paradex.types import ParadexMarketChange
from nautilus_paradex.types import ParadexMarketMakerProtection
from nautilus_paradex.types import ParadexMarketStatistics
from nautilus_paradex.types import ParadexPublicTrade
from nautilus_paradex.types import ParadexSettlementPrice
from nautilus_paradex.types import ParadexStreamHealth
from nautilus_paradex.types import check_no_metadata
from nautilus_paradex.types import instrument_id_in


BTC = InstrumentId.from_str("BTC-USD-PERP.PARADEX")
# A dot in the symbol: the framework takes such a symbol for a composite one.
FINE_STRIKE = InstrumentId.from_str("DOGE-USD-0.5-C.PARADEX")

STATUS = StreamStatus(
    name="market data",
    state="HEALTHY",
    healthy=True,
    connected=True,
    url="ws://127.0.0.1:1/v1",
    sbe_version=2,
    node_id="",
    subscriptions=5,
    confirmed=4,
    epoch=3,
    reconnects=2,
    failed_attempts=0,
    frames=10_000,
    last_frame_age_secs=0.0155,
    undecodable=0,
    skipped=0,
    last_error="",
)


def statistics(instrument_id=BTC, ts=1, **changes):
    values = {
        "mark_price": Decimal("61234.50000001"),
        "funding_rate": Decimal("0.000000000001"),
        "total_volume": Decimal("92233720368.54775806"),
        "delta": Decimal("-0.41"),
    }
    return ParadexMarketStatistics(
        instrument_id=instrument_id, ts_event=ts, ts_init=ts + 1, **(values | changes)
    )


def health(status=STATUS, **changes):
    values = {"handlers": 9, "gaps": 1, "venue_age_ms": 12, "degraded": False}
    return ParadexStreamHealth.from_status(
        status,
        ts_event=1_790_000_000_000_000_001,
        ts_init=1_790_000_000_000_000_002,
        **(values | changes),
    )


EXAMPLES = [
    statistics(),
    ParadexMarketStatistics(instrument_id=FINE_STRIKE, ts_event=1, ts_init=2),
    ParadexFundingData(
        instrument_id=BTC,
        funding_rate=Decimal("0.000081"),
        funding_rate_8h=None,
        funding_index=Decimal("-11234.56"),
        funding_premium=Decimal("0.42"),
        funding_period_hours=8,
        impact_premium_rate=Decimal("0.000012"),
        ts_event=3,
        ts_init=4,
    ),
    ParadexFundingComparison(
        instrument_id=BTC,
        source="BINANCE",
        asset_kind="PERP",
        hourly_funding_rate=Decimal("0.000000000001"),
        ts_event=5,
        ts_init=6,
    ),
    ParadexPublicTrade(
        instrument_id=BTC,
        trade_id="1790000000123201709233240001",
        side=AggressorSide.SELLER,
        price=Decimal("61234.4"),
        size=Decimal("0.015"),
        trade_type="BLOCK_TRADE",
        seq=0,
        ts_event=7,
        ts_init=8,
    ),
    ParadexPublicTrade(
        instrument_id=BTC,
        trade_id="x",
        side=AggressorSide.BUYER,
        price=Decimal("1E+3"),
        size=Decimal(1),
        trade_type="",
        seq=None,
        ts_event=7,
        ts_init=8,
    ),
    ParadexSettlementPrice(
        instrument_id=BTC,
        settlement_price=Decimal("0.00000001"),
        underlying_twap_price=None,
        ts_event=9,
        ts_init=10,
    ),
    ParadexMarketChange(
        instrument_id=BTC,
        event_type="UPDATED",
        changes='{"price_tick_size":"0.5"}',
        ts_event=11,
        ts_init=12,
    ),
    health(),
    ParadexMarketMakerProtection(
        account_id=AccountId("PARADEX_MM-0x1a2b"),
        base_asset="BTC",
        event="TRIGGERED",
        is_configured=True,
        is_frozen=True,
        frozen_until=1_790_000_060_000_000_000,
        trip_reason="DELTA",
        trigger_market=BTC,
        interval_ms=1_000,
        frozen_time_ms=60_000,
        size_limit=Decimal(0),
        delta_limit=Decimal("2.5"),
        vega_limit=Decimal("0.0001"),
        protect_block_trades=False,
        window_size=Decimal("7.1"),
        window_delta=Decimal("-2.50000001"),
        window_vega=Decimal(0),
        ts_event=13,
        ts_init=13,
    ),
    ParadexMarketMakerProtection(
        account_id=AccountId("PARADEX-0x1"),
        base_asset="ETH",
        event="READ",
        is_configured=False,
        is_frozen=None,
        ts_event=14,
        ts_init=14,
    ),
]


def test_every_type_has_an_example():
    assert {type(value) for value in EXAMPLES} == set(CUSTOM_TYPES)


@pytest.mark.parametrize("value", EXAMPLES, ids=lambda value: type(value).__name__)
def test_values_survive_dicts_pickle_and_both_encodings_of_the_message_bus(value):
    assert type(value).from_dict(value.to_dict()) == value
    assert pickle.loads(pickle.dumps(value)) == value
    for encoding in (msgspec.msgpack, msgspec.json):
        for text_times in (False, True):
            serializer = MsgSpecSerializer(encoding, timestamps_as_str=text_times)
            again = serializer.deserialize(serializer.serialize(value))
            assert again == value
            assert type(again) is type(value)


@pytest.mark.parametrize("value", EXAMPLES, ids=lambda value: type(value).__name__)
def test_no_number_is_stored_as_a_float(value):
    assert not any(isinstance(item, float) for item in value.to_dict().values())
    assert not any(pa.types.is_floating(column) for column in get_schema(type(value)).types)


@pytest.mark.parametrize("cls", CUSTOM_TYPES, ids=lambda cls: cls.__name__)
def test_values_survive_a_catalog(cls, tmp_path):
    values = [value for value in EXAMPLES if type(value) is cls]
    catalog = ParquetDataCatalog(str(tmp_path))
    catalog.write_data([value.to_custom_data() for value in values])
    rows = catalog.query(cls)
    assert sorted((row.data for row in rows), key=repr) == sorted(values, key=repr)


def test_a_catalog_finds_statistics_by_instrument_and_keeps_their_order(tmp_path):
    values = [statistics(ts=ts, mark_price=Decimal(ts)) for ts in range(1, 40)]
    catalog = ParquetDataCatalog(str(tmp_path))
    catalog.write_data(values)
    catalog.write_data([statistics(FINE_STRIKE)])
    rows = catalog.query(ParadexMarketStatistics, identifiers=[BTC.value], start=10)
    assert [row.data for row in rows] == [value for value in values if value.ts_init >= 10]


def test_a_stream_writer_may_hand_over_wrapped_values():
    table = ArrowSerializer.serialize_batch(
        [statistics().to_custom_data(), statistics()], data_cls=ParadexMarketStatistics
    )
    assert ArrowSerializer.deserialize(ParadexMarketStatistics, table) == [statistics()] * 2


def test_values_are_immutable_and_compare_by_content():
    assert statistics() == statistics()
    assert hash(statistics()) == hash(statistics())
    assert statistics() != statistics(ts=2)
    assert statistics(mark_price=None) != statistics()
    with pytest.raises(FrozenInstanceError):
        statistics().mark_price = Decimal(1)


def test_the_repr_names_the_type_and_its_values():
    assert repr(statistics()).startswith("ParadexMarketStatistics(instrument_id=InstrumentId(")
    assert "mark_price=Decimal('61234.50000001')" in repr(statistics())


def test_a_missing_time_is_an_error():
    with pytest.raises(TypeError, match="ts_init"):
        ParadexMarketStatistics(instrument_id=BTC, ts_event=1)


def publish(bus, custom):
    """Publish as the framework's data engine does."""
    instrument_id = getattr(custom.data, "instrument_id", None)
    topic = TopicCache().get_custom_data_topic(custom.data_type, instrument_id)
    bus.publish(topic, custom.data)


def received(data_type, instrument_id, *published):
    """Return what an actor gets that subscribed to a data type."""
    bus = MessageBus(trader_id=TraderId("T-1"), clock=TestClock())
    got = []
    bus.subscribe(TopicCache().get_custom_data_topic(data_type, instrument_id), got.append)
    for value in published:
        publish(bus, value.to_custom_data())
    return got


@pytest.mark.parametrize("instrument_id", [BTC, FINE_STRIKE])
@pytest.mark.parametrize("also_names_it", [False, True])
def test_a_subscription_by_data_type_of_gets_its_market_alone(instrument_id, also_names_it):
    mine = statistics(instrument_id)
    other = statistics(InstrumentId.from_str("DOGE-USD-0.5-P.PARADEX"))
    data_type = ParadexMarketStatistics.data_type_of(instrument_id)
    assert received(data_type, instrument_id if also_names_it else None, other, mine) == [mine]


def test_a_subscription_without_metadata_gets_every_market_and_stream():
    comparison = EXAMPLES[3]
    assert received(ParadexFundingComparison.data_type_of(), None, comparison) == [comparison]
    assert received(ParadexStreamHealth.data_type_of(), None, health()) == [health()]


def test_data_types_tell_which_metadata_they_take():
    assert instrument_id_in(ParadexPublicTrade.data_type_of(BTC)) == BTC
    check_no_metadata(ParadexStreamHealth.data_type_of())
    for metadata in (None, {"instrument_id": "BTC"}, {"instrument_id": BTC, "depth": 5}):
        with pytest.raises(EncodeError, match=r"ParadexPublicTrade.data_type_of\(instrument_id\)"):
            instrument_id_in(DataType(ParadexPublicTrade, metadata=metadata))
    with pytest.raises(EncodeError, match=r"ParadexStreamHealth.data_type_of\(\)"):
        check_no_metadata(DataType(ParadexStreamHealth, metadata={"instrument_id": BTC}))


def test_s8_health_is_told_from_a_streams_status():
    told = health()
    assert told.stream == "market data"
    assert (told.schema_version, told.last_frame_age_ms, told.venue_age_ms) == (2, 16, 12)
    assert (told.subscriptions, told.confirmed, told.handlers) == (5, 4, 9)
    assert (told.reconnects, told.epoch, told.gaps) == (2, 3, 1)
    lost = msgspec.structs.replace(STATUS, last_frame_age_secs=None, sbe_version=None)
    assert health(lost).last_frame_age_ms is None
    assert health(lost).schema_version is None


def test_custom_data_wraps_the_value_itself():
    wrapped = statistics().to_custom_data()
    assert isinstance(wrapped, CustomData)
    assert wrapped.data == statistics()
    assert wrapped.ts_init == statistics().ts_init
