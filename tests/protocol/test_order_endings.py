"""
How an order's life is told to its end: one row for each reason (rules E3, E4, E5; PROTOCOL 5.5).

The letters are what the holder of the order is told, in turn:

    A accepted      T triggered     F filled        U updated
    R rejected      P rejected, due to post-only    C canceled      X expired

The columns are what was filled when the venue said CLOSED: nothing, a part, all of it.
"""

import itertools
import struct
from decimal import Decimal

import pytest

from nautilus_paradex.protocol import json_events
from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.errors import UnmodelledValue
from nautilus_paradex.protocol.messages import OrderMessage
from nautilus_paradex.protocol.messages import decode
from nautilus_paradex.protocol.orders import Accepted
from nautilus_paradex.protocol.orders import AwaitFills
from nautilus_paradex.protocol.orders import Canceled
from nautilus_paradex.protocol.orders import Effect
from nautilus_paradex.protocol.orders import Expired
from nautilus_paradex.protocol.orders import Filled
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import Phase
from nautilus_paradex.protocol.orders import Reconcile
from nautilus_paradex.protocol.orders import Rejected
from nautilus_paradex.protocol.orders import Source
from nautilus_paradex.protocol.orders import Terms
from nautilus_paradex.protocol.orders import Triggered
from nautilus_paradex.protocol.orders import Updated
from tests.protocol.order_values import fill
from tests.protocol.order_values import order_update


#                                        never seen working     seen working before
#                                        none   part   all      none   part   all
_ROWS = """
    (empty)                              AC     AFC    AF       C      FC     F
    USER_CANCELED                        AC     AFC    AF       C      FC     F
    REMAINING_IOC_CANCEL                 AC     AFC    AF       C      FC     F
    MMP_TRIGGERED                        AC     AFC    AF       C      FC     F
    EXPIRED                              AX     AFX    AF       X      FX     F
    POST_ONLY_WOULD_CROSS                P      AFC    AF       C      FC     F
    NOT_ENOUGH_MARGIN                    R      AFC    AF       C      FC     F
    EMPTY_MARKET                         R      AFC    AF       C      FC     F
    UNEXPECTED_FAILURE                   R      AFC    AF       C      FC     F
    DELEVERAGE                           R      AFC    AF       C      FC     F
    IN_LIQUIDATION                       R      AFC    AF       C      FC     F
    SELF_TRADE                           R      AFC    AF       C      FC     F
    ASSET_UNAVAILABLE                    R      AFC    AF       C      FC     F
    ASSET_EXPIRED                        R      AFC    AF       C      FC     F
    MARKET_NOT_OPEN                      R      AFC    AF       C      FC     F
    ORDER_TYPE_INVALID                   R      AFC    AF       C      FC     F
    PRICE_NOT_AVAILABLE                  R      AFC    AF       C      FC     F
    EXCEEDS_MAX_SLIPPAGE                 R      AFC    AF       C      FC     F
    TIMEOUT                              R      AFC    AF       C      FC     F
    ORDER_EXCEEDS_POSITION_LIMIT         R      AFC    AF       C      FC     F
    REDUCE_ONLY_WILL_INCREASE            R      AFC    AF       C      FC     F
    MMP_FROZEN                           R      AFC    AF       C      FC     F
    MMP_DISABLED                         R      AFC    AF       C      FC     F
    MMP_GREEKS_UNAVAILABLE               R      AFC    AF       C      FC     F
    MMP_NOT_CONFIGURED                   R      AFC    AF       C      FC     F
    A_REASON_OF_TOMORROW                 R      AFC    AF       C      FC     F
"""

#: What came before the end, and what it had told: statuses in turn, none of them for never seen.
_NEVER_SEEN = {"nothing": ((), ""), "only NEW": (("NEW",), "")}
_SEEN = {
    "open": (("OPEN",), "A"),
    "untriggered": (("UNTRIGGERED",), "A"),
    "triggered": (("UNTRIGGERED", "OPEN"), "AT"),
    "triggered, by way of NEW": (("UNTRIGGERED", "NEW", "OPEN"), "AT"),
    "triggered, not yet open": (("UNTRIGGERED", "NEW"), "A"),
}

_FILLED = {"none": Decimal(0), "part": Decimal("0.4"), "all": Decimal(1)}


def _table() -> dict[tuple[str, str, str], str]:
    """Return {(reason, what came before, filled): what is told}."""
    table = {}
    for row in _ROWS.strip().splitlines():
        reason, *told = row.split()
        columns = itertools.product((_NEVER_SEEN, _SEEN), _FILLED)
        for (before, filled), letters in zip(columns, told, strict=True):
            for name, (_, told_before) in before.items():
                table[reason.strip("()"), name, filled] = told_before + letters
    return table


TABLE = _table()
_BEFORE = _NEVER_SEEN | _SEEN
#: Types whose way leads by a trigger, and one of those that rest without.
_LIMIT_TYPES = (OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT, OrderType.STOP_LOSS_LIMIT)


class Story:
    """An order of size 1, and the letters of what it told."""

    def __init__(self, order_type: OrderType = OrderType.STOP_LIMIT) -> None:
        self.order = OrderTracker("C-1", order_type, Terms(Decimal(1), Decimal(100), None))
        self.effects: list[Effect] = []
        self._type = order_type
        self._at_ms = 0

    @property
    def letters(self) -> str:
        return "".join(_letter(effect) for effect in self.effects)

    def update(self, status: str, *, filled: Decimal = Decimal(0), reason: str = "") -> None:
        self._at_ms += 1
        update = order_update(
            status,
            remaining=str(1 - filled),
            reason=reason,
            at_ms=self._at_ms,
            type=self._type,
        )
        self.effects += self.order.on_update(update, Source.STREAM)

    def fill(self, size: Decimal) -> None:
        if size:
            self.effects += self.order.on_fill(fill(size=str(size), at_ms=self._at_ms))


def _letter(effect: Effect) -> str:
    match effect:
        case Rejected():
            return "P" if effect.due_post_only else "R"
        case Accepted() | Triggered() | Filled() | Updated() | Canceled() | Expired():
            return {Expired: "X"}.get(type(effect), type(effect).__name__[0])
        case AwaitFills():
            return ""  # work of the room, not news for the holder
    return "!"


# -- CLOSED ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fills_first", [True, False], ids=["fills first", "end first"])
@pytest.mark.parametrize(("reason", "before", "filled"), TABLE)
def test_e4_every_end_is_told_by_its_row(
    reason: str, before: str, filled: str, fills_first: bool
) -> None:
    """E3, E4, E5: whichever of end and fills comes first, the fills are told first."""
    size, (statuses, _) = _FILLED[filled], _BEFORE[before]
    story = Story()
    for status in statuses:
        story.update(status)
    if fills_first:
        story.fill(size)
    story.update("CLOSED", filled=size, reason="" if reason == "empty" else reason)
    if not fills_first:
        story.fill(size)
    assert story.letters == TABLE[reason, before, filled]
    assert story.order.phase is Phase.CLOSED


@pytest.mark.parametrize(("reason", "before", "filled"), TABLE)
def test_e4_a_rejection_carries_the_venues_word_and_only_post_only_is_due_to_it(
    reason: str, before: str, filled: str
) -> None:
    story = Story()
    for status in _BEFORE[before][0]:
        story.update(status)
    size = _FILLED[filled]
    story.fill(size)
    story.update("CLOSED", filled=size, reason="" if reason == "empty" else reason)
    rejections = [effect for effect in story.effects if isinstance(effect, Rejected)]
    assert bool(rejections) == (TABLE[reason, before, filled][-1] in "RP")
    for rejected in rejections:
        assert rejected.reason == reason
        assert rejected.due_post_only == (reason == "POST_ONLY_WOULD_CROSS")


@pytest.mark.parametrize("order_type", [t for t in OrderType if t not in _LIMIT_TYPES])
def test_the_rows_hold_for_every_type_but_only_limit_orders_are_told_triggered(
    order_type: OrderType,
) -> None:
    for (reason, before, filled), told in TABLE.items():
        story = Story(order_type)
        for status in _BEFORE[before][0]:
            story.update(status)
        size = _FILLED[filled]
        story.fill(size)
        story.update("CLOSED", filled=size, reason="" if reason == "empty" else reason)
        # A LIMIT order is never UNTRIGGERED; should it be told so, it is believed.
        expected = told if order_type is OrderType.LIMIT else told.replace("T", "")
        assert story.letters == expected, (reason, before, filled)


def test_every_reason_of_the_protocol_has_its_row_and_so_have_none_and_an_unknown_one():
    known = """USER_CANCELED, NOT_ENOUGH_MARGIN, EMPTY_MARKET, POST_ONLY_WOULD_CROSS,
    REMAINING_IOC_CANCEL, UNEXPECTED_FAILURE, DELEVERAGE, IN_LIQUIDATION, SELF_TRADE,
    ASSET_UNAVAILABLE, ASSET_EXPIRED, MARKET_NOT_OPEN, ORDER_TYPE_INVALID, PRICE_NOT_AVAILABLE,
    EXPIRED, EXCEEDS_MAX_SLIPPAGE, TIMEOUT, ORDER_EXCEEDS_POSITION_LIMIT,
    REDUCE_ONLY_WILL_INCREASE, MMP_TRIGGERED, MMP_FROZEN, MMP_DISABLED, MMP_GREEKS_UNAVAILABLE,
    MMP_NOT_CONFIGURED"""
    reasons = {reason.strip() for reason in known.split(",")}
    assert {reason for reason, _, _ in TABLE} == reasons | {"empty", "A_REASON_OF_TOMORROW"}


# -- ENDS WITHOUT A SIZE ---------------------------------------------------------------------------

#: The venue cut the order to nothing before it ended: remaining 0, but no fill story.
_CUT_TO_NOTHING = {
    ("", "nothing"): "AC",
    ("USER_CANCELED", "nothing"): "AC",
    ("REDUCE_ONLY_WILL_INCREASE", "nothing"): "R",
    ("EXPIRED", "nothing"): "AX",
    ("", "open"): "AC",
    ("USER_CANCELED", "open"): "AC",
    ("REDUCE_ONLY_WILL_INCREASE", "open"): "AC",
    ("EXPIRED", "open"): "AX",
}


@pytest.mark.parametrize(("reason", "before"), _CUT_TO_NOTHING)
def test_e4_an_order_that_was_cut_to_nothing_ends_by_its_reason(reason: str, before: str) -> None:
    story = Story()
    for status in _BEFORE[before][0]:
        story.update(status)
    end = order_update("CLOSED", size="0", remaining="0", reason=reason, at_ms=9)
    story.effects += story.order.on_update(end, Source.STREAM)
    assert story.letters == _CUT_TO_NOTHING[reason, before]
    assert story.order.phase is Phase.CLOSED


@pytest.mark.parametrize("status", ["UNTRIGGERED", "OPEN"])
def test_a_working_order_is_never_told_to_have_no_size(status: str) -> None:
    """A size of 0 stands for a whole position (PROTOCOL 5.1); the framework has no such order."""
    story = Story()
    nothing = order_update(status, size="0", remaining="0", at_ms=1)
    story.effects += story.order.on_update(nothing, Source.STREAM)
    assert story.letters == "A"
    story.fill(Decimal(1))
    assert story.letters == "AF"


# -- OTHER STATUSES --------------------------------------------------------------------------------


@pytest.mark.parametrize("filled", _FILLED)
@pytest.mark.parametrize(
    ("status", "told"), [("NEW", ""), ("UNTRIGGERED", "A"), ("OPEN", "A")], ids=str
)
def test_e3_what_is_told_of_an_order_that_has_not_ended(
    status: str, told: str, filled: str
) -> None:
    """E5: an update tells no fill, however much of one it speaks."""
    size = _FILLED[filled]
    story = Story()
    story.update(status, filled=size, reason="NOT_ENOUGH_MARGIN")
    assert story.letters == told
    story.fill(size)
    assert story.letters == ("A" if told or size else "") + ("F" if size else "")


def test_e5_fills_that_are_not_to_be_had_do_not_hold_the_end_for_ever() -> None:
    story = Story()
    story.update("OPEN")
    story.update("CLOSED", filled=Decimal("0.4"), reason="USER_CANCELED")
    story.effects += story.order.on_fills_given_up(9)
    assert story.letters == "AC!"
    assert isinstance(story.effects[-1], Reconcile)


def test_e5_a_full_fill_of_which_no_fill_is_to_be_had_ends_as_nothing_told() -> None:
    story = Story()
    story.update("OPEN")
    story.update("CLOSED", filled=Decimal(1))
    story.effects += story.order.on_fills_given_up(9)
    assert story.letters == "AC!"


def order_body(status: str) -> bytes:
    return (
        b'{"id":"V-1","account":"0x1","market":"BTC-USD-PERP","side":"BUY","type":"LIMIT",'
        b'"size":"1","remaining_size":"1","price":"100","status":"%s","created_at":1790000000140,'
        b'"last_updated_at":1790000000141,"client_id":"C-1","instruction":"GTC","seq_no":1}'
        % status.encode()
    )


def test_an_unknown_status_is_no_update_at_all_in_json() -> None:
    """Order state does not degrade: who reads it is told, and reconciles."""
    known = json_events.order_update(decode(order_body("OPEN"), OrderMessage))
    assert known.status is OrderStatus.OPEN
    with pytest.raises(UnmodelledValue, match="SUSPENDED"):
        json_events.order_update(decode(order_body("SUSPENDED"), OrderMessage))


@pytest.mark.parametrize("code", [0, 5, 254])
def test_an_unknown_status_is_no_update_at_all_in_sbe(code: int) -> None:
    """254 is what SBE says for what it cannot say (PROTOCOL 7.2)."""
    frame = bytearray.fromhex(ORDER_FRAME)
    assert sbe.decode_frame(bytes(frame)).status is OrderStatus.OPEN
    struct.pack_into("<B", frame, 8 + 16, code)
    with pytest.raises(UnmodelledValue):
        sbe.decode_frame(bytes(frame))


#: PROTOCOL 7.7.
ORDER_FRAME = (
    "800014000100020040c227dafe5b060015cd4e2b845bd7180301010380e20fba91050000000000000000008060e3"
    "16000000000060e31600000000000000000000000080bcbe27dafe5b0600dcc127dafe5b0600026192f7b814b465"
    "a1ff858762ae35e9d1f59076b11a4def380bd27b8170cf5d20bf27dafe5b060040c227dafe5b0600020100001c31"
    "3738393939393939393132333230313730393233333234303030300c4f2d32303236303932312d310c4254432d55"
    "53442d50455250000000"
)
