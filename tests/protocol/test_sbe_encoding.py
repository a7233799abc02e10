"""SBE: what can be encoded, what cannot, and what the venue writes where an event is silent."""

import struct
from typing import Any

import pytest

from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.sbe import FrameExtras
from nautilus_paradex.protocol.sbe import decode_frame
from nautilus_paradex.protocol.sbe import encode_event
from nautilus_paradex.protocol.sbe.layouts import NULL
from tests.protocol.sbe_samples import BBO
from tests.protocol.sbe_samples import BOOK
from tests.protocol.sbe_samples import COMPARISON
from tests.protocol.sbe_samples import FILL
from tests.protocol.sbe_samples import FUNDING
from tests.protocol.sbe_samples import HEARTBEAT
from tests.protocol.sbe_samples import ORDER
from tests.protocol.sbe_samples import SUMMARY
from tests.protocol.sbe_samples import SUMMARY_OF_ACCOUNT
from tests.protocol.sbe_samples import TRADE
from tests.protocol.sbe_samples import D
from tests.protocol.sbe_samples import T
from tests.protocol.sbe_samples import altered


UNENCODABLE = [
    (altered(ORDER, size=D("0.000000001")), "size: 1E-9 does not fit 8 places"),
    (altered(ORDER, size=D("1e12")), "OrderUpdate: "),
    (altered(ORDER, price=D("1e40")), "price: "),
    (altered(ORDER, price=D("NaN")), "price: "),
    (altered(ORDER, price=D("Infinity")), "price: "),
    (altered(ORDER, price=D("-92233720368.54775808")), "price: "),
    (altered(COMPARISON, hourly_funding_rate=D("1e-13")), "hourlyFundingRate: "),
    (altered(BBO, bid_e8=2**63), "Bbo: "),
    (altered(BBO, bid_e8=NULL), "bidPrice: "),
    (altered(BOOK, bids=[(2**63, 1)]), "Book: "),
    (altered(BOOK, bids=[(1, 1)] * 65536), "Book: "),
    (altered(FUNDING, funding_period_hours=2**15), "FundingData: "),
    (altered(ORDER, client_id="é" * 128), "256 bytes"),
    (altered(ORDER, client_id="\ud800"), "not UTF-8"),
    (altered(ORDER, account="not hex"), "account: "),
    (altered(ORDER, account="0x1" + "0" * 64), "account: "),
    (altered(ORDER, account="-0x1"), "account: "),
    (altered(ORDER, stp="EXPIRE_NEVER"), "stp has no code"),
    (altered(ORDER, stp="UNKNOWN(256)"), "stp has no code"),
    (altered(ORDER, stp="UNKNOWN(1)"), "stp has no code"),
    (altered(ORDER, flags=frozenset({"NEW_FLAG"})), "flags has no bit"),
    (altered(TRADE, trade_id="abc"), "tradeId: "),
    (altered(TRADE, trade_id="1" * 256), "tradeId: "),
]


@pytest.mark.parametrize(("event", "problem"), UNENCODABLE, ids=lambda v: str(v)[:40])
def test_what_does_not_fit_the_wire_is_not_encoded(event: Any, problem: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encode_event(event, version=2)
    assert problem in str(caught.value)


@pytest.mark.parametrize("version", [-1, 3])
def test_only_versions_that_we_know_are_encoded(version: int) -> None:
    with pytest.raises(EncodeError, match=f"schema version {version} has no BboEvent"):
        encode_event(BBO, version=version)


def test_a_message_is_not_encoded_for_a_version_before_it() -> None:
    with pytest.raises(EncodeError, match="schema version 0 has no FundingRateComparisonEvent"):
        encode_event(COMPARISON, version=0)


def test_an_order_without_prevention_mode_is_none_on_the_wire() -> None:
    order = decode_frame(encode_event(altered(ORDER, stp=""), version=2))
    assert order == altered(ORDER, stp="NONE")


def test_fill_flags_without_a_bit_are_told_as_unknown() -> None:
    fill = decode_frame(encode_event(altered(FILL, flags=frozenset({"NEW"})), version=2))
    assert fill == altered(FILL, flags=frozenset({"UNKNOWN"}))


def test_the_total_volume_saturates() -> None:
    """Trap 15."""
    summary = decode_frame(encode_event(altered(SUMMARY, total_volume_e8=2**70), version=2))
    assert summary == altered(SUMMARY, total_volume_e8=2**63 - 1)


def test_a_rate_below_zero_is_cut_off_towards_zero_for_version_0() -> None:
    negative = altered(SUMMARY, funding_rate_e12=-123_456)
    summary = decode_frame(encode_event(negative, version=0))
    assert summary == altered(SUMMARY, funding_rate_e12=-120_000, forward_rate_e8=None)


def test_times_are_cut_to_microseconds() -> None:
    assert decode_frame(encode_event(altered(BBO, ts_ns=T + 999), version=2)) == BBO


def test_what_events_of_json_lack_is_filled() -> None:
    """A trade of the JSON feed has no sequence, no publish time and may have no id."""
    bare = altered(TRADE, seq=None, published_ns=None, trade_id=None)
    assert decode_frame(encode_event(bare, version=2)) == altered(TRADE, seq=0, trade_id=None)


def test_extras_stand_where_the_event_has_nothing() -> None:
    extras = FrameExtras(ts_ns=T + 1000, seq=5, last_seen_notification_ns=3000)
    heartbeat = encode_event(HEARTBEAT, version=2, extras=extras)
    assert struct.unpack("<qq", heartbeat[8:]) == (T // 1000 + 1, 5)
    frame = encode_event(SUMMARY_OF_ACCOUNT, version=2, extras=extras)
    assert struct.unpack_from("<q", frame, 8 + 113) == (3,)
    assert decode_frame(frame) == SUMMARY_OF_ACCOUNT
