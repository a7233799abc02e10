"""
The layouts of the SBE messages, as data (schema 1, versions 0 to 2; PROTOCOL 7.3 and 7.4).

One row a field: name, offset in the root block, type of the schema, and the version that brought
it where that is not 0. Everything that reads or writes a frame is built from these rows.

Version 2 was extended in place: fields marked ``in_place`` came later under the same version
number, so a version 2 frame may lack them (PROTOCOL 7.6.2).
"""

from typing import Final

import msgspec


#: The null of every scaled type: the lowest int64.
NULL: Final = -(2**63)


class WireType(msgspec.Struct, frozen=True):
    """How a type of the schema lies on the wire."""

    code: str
    """The character of :mod:`struct`."""
    places: int | None = None
    """Decimal places of a number; None for what is no number, or one without a null."""


_INT64_8: Final = WireType("q", 8)
_INT64_12: Final = WireType("q", 12)
_BYTE: Final = WireType("B")

TYPES: Final = {
    "int16": WireType("h"),
    "int64": WireType("q"),
    "uint64": WireType("Q"),
    # The schema writes these as int64 with presence="optional".
    "int64NULL": WireType("q", 0),
    "Timestamp": WireType("q"),
    "Price8": _INT64_8,
    "Price8NULL": _INT64_8,
    "Qty8": _INT64_8,
    "Qty8NULL": _INT64_8,
    "Value8": _INT64_8,
    "Value8NULL": _INT64_8,
    "Rate8": _INT64_8,
    "Rate8NULL": _INT64_8,
    "Rate12": _INT64_12,
    "Rate12NULL": _INT64_12,
    "AccountAddress": WireType("32s"),
    "AccountStatus": _BYTE,
    "AssetKind": _BYTE,
    "FillFlags": _BYTE,
    "FillType": _BYTE,
    "FundingRateSource": _BYTE,
    "LiquiditySide": _BYTE,
    "OrderFlags": _BYTE,
    "OrderStatus": _BYTE,
    "OrderType": _BYTE,
    "PkgType": _BYTE,
    "PositionStatus": _BYTE,
    "RequestStatus": _BYTE,
    "RequestType": _BYTE,
    "STPMode": _BYTE,
    "Side": _BYTE,
    "TimeInForce": _BYTE,
}


class Field(msgspec.Struct, frozen=True):
    """A field of the root block."""

    name: str
    offset: int
    type: str
    since: int = 0
    in_place: bool = False

    @property
    def wire(self) -> WireType:
        """How the field lies on the wire."""
        return TYPES[self.type]


class Text(msgspec.Struct, frozen=True):
    """A string of the var data: u8 length, then UTF-8."""

    name: str
    since: int = 0
    in_place: bool = False


class Layout(msgspec.Struct, frozen=True):
    """A message: root block, groups of (price, size) levels, then strings."""

    template: int
    name: str
    fields: tuple[Field, ...]
    texts: tuple[Text, ...] = ()
    groups: tuple[str, ...] = ()
    since: int = 0

    def fields_at(self, version: int, *, in_place: bool = True) -> tuple[Field, ...]:
        """Return the fields that a version has, with or without the later ones of version 2."""
        return tuple(f for f in self.fields if f.since <= version and (in_place or not f.in_place))

    def texts_at(self, version: int, *, in_place: bool = True) -> tuple[Text, ...]:
        """Return the strings that a version has, with or without the later ones of version 2."""
        return tuple(t for t in self.texts if t.since <= version and (in_place or not t.in_place))


def struct_format(fields: tuple[Field, ...]) -> str:
    """Return the format of :mod:`struct` for the first fields of a root block."""
    return "<" + "".join(field.wire.code for field in fields)


TRADE: Final = Layout(
    1,
    "TradeEvent",
    fields=(
        Field("ts", 0, "Timestamp"),
        Field("seq", 8, "int64"),
        Field("tradeId", 16, "int64"),
        Field("side", 24, "Side"),
        Field("price", 25, "Price8"),
        Field("size", 33, "Qty8"),
        Field("createdAt", 41, "Timestamp"),
        Field("tradeType", 49, "FillType"),
    ),
    texts=(Text("market"), Text("tradeIdStr", since=2, in_place=True)),
)

BBO: Final = Layout(
    2,
    "BboEvent",
    fields=(
        Field("ts", 0, "Timestamp"),
        Field("seq", 8, "int64"),
        Field("bidPrice", 16, "Price8NULL"),
        Field("bidSize", 24, "Qty8NULL"),
        Field("askPrice", 32, "Price8NULL"),
        Field("askSize", 40, "Qty8NULL"),
    ),
    texts=(Text("market"),),
)

BOOK: Final = Layout(
    3,
    "BookEvent",
    fields=(
        Field("ts", 0, "Timestamp"),
        Field("seq", 8, "int64"),
        Field("pkgType", 16, "PkgType"),
        Field("bestBidPrice", 17, "Price8NULL"),
        Field("bestBidSize", 25, "Qty8NULL"),
        Field("bestAskPrice", 33, "Price8NULL"),
        Field("bestAskSize", 41, "Qty8NULL"),
        Field("relativeSpread", 49, "Rate8NULL"),
        Field("bestBidApiPrice", 57, "Price8NULL"),
        Field("bestBidApiSize", 65, "Qty8NULL"),
        Field("bestAskApiPrice", 73, "Price8NULL"),
        Field("bestAskApiSize", 81, "Qty8NULL"),
    ),
    groups=("bids", "asks"),
    texts=(Text("market"),),
)

#: An entry of a book's groups.
LEVEL: Final = (Field("price", 0, "Price8"), Field("size", 8, "Qty8"))

MARKET_SUMMARY: Final = Layout(
    4,
    "MarketSummaryEvent",
    fields=(
        Field("ts", 0, "Timestamp"),
        Field("seq", 8, "int64"),
        Field("markPrice", 16, "Price8"),
        Field("indexPrice", 24, "Price8"),
        Field("lastPrice", 32, "Price8"),
        Field("volumeUsd24h", 40, "Value8"),
        Field("openInterest", 48, "Qty8"),
        Field("fundingRate", 56, "Rate8"),
        Field("bid", 64, "Price8NULL"),
        Field("ask", 72, "Price8NULL"),
        Field("totalVolume", 80, "Value8"),
        Field("priceChangeRate24h", 88, "Rate8"),
        Field("markIv", 96, "Rate8NULL"),
        Field("bidIv", 104, "Rate8NULL"),
        Field("askIv", 112, "Rate8NULL"),
        Field("lastIv", 120, "Rate8NULL"),
        Field("delta", 128, "Rate8NULL"),
        Field("gamma", 136, "Rate8NULL"),
        Field("vega", 144, "Rate8NULL"),
        Field("theta", 152, "Rate8NULL"),
        Field("rho", 160, "Rate8NULL"),
        Field("volga", 168, "Rate8NULL"),
        Field("vanna", 176, "Rate8NULL"),
        Field("futureFundingRate", 184, "Rate8NULL"),
        Field("externalFairPrice", 192, "Price8NULL"),
        Field("bidSize", 200, "Qty8NULL"),
        Field("askSize", 208, "Qty8NULL"),
        Field("forwardRate", 216, "Rate8NULL", since=1),
        Field("riskFreeRate", 224, "Rate8NULL", since=1),
        Field("fundingRatePrecise", 232, "Rate12NULL", since=1),
    ),
    texts=(Text("market"),),
)

FUNDING_DATA: Final = Layout(
    5,
    "FundingDataEvent",
    fields=(
        Field("ts", 0, "Timestamp"),
        Field("seq", 8, "int64"),
        Field("fundingRate", 16, "Rate8"),
        Field("fundingIndex", 24, "Price8"),
        Field("createdAt", 32, "Timestamp"),
        Field("fundingPremium", 40, "Rate8"),
        Field("fundingRate8h", 48, "Rate8"),
        Field("fundingPeriodHours", 56, "int16"),
        Field("impactPremiumRate", 58, "Rate8NULL", since=1),
    ),
    texts=(Text("market"),),
)

FUNDING_COMPARISON: Final = Layout(
    6,
    "FundingRateComparisonEvent",
    since=1,
    fields=(
        Field("ts", 0, "Timestamp"),
        Field("lastUpdatedAt", 8, "Timestamp"),
        Field("hourlyFundingRate", 16, "Rate12"),
        Field("assetKind", 24, "AssetKind"),
        Field("source", 25, "FundingRateSource"),
    ),
    texts=(Text("market"),),
)

ORDER: Final = Layout(
    20,
    "OrderEvent",
    fields=(
        Field("ts", 0, "Timestamp"),
        Field("seq", 8, "int64"),
        Field("status", 16, "OrderStatus"),
        Field("side", 17, "Side"),
        Field("orderType", 18, "OrderType"),
        Field("timeInForce", 19, "TimeInForce"),
        Field("price", 20, "Price8NULL"),
        Field("triggerPrice", 28, "Price8NULL"),
        Field("size", 36, "Qty8"),
        Field("sizeOpen", 44, "Qty8"),
        Field("avgFillPrice", 52, "Price8NULL"),
        Field("createdAt", 60, "Timestamp"),
        Field("updatedAt", 68, "Timestamp"),
        Field("account", 76, "AccountAddress"),
        Field("receivedAt", 108, "Timestamp"),
        Field("publishedAt", 116, "Timestamp"),
        Field("stp", 124, "STPMode"),
        Field("flags", 125, "OrderFlags"),
        Field("requestStatus", 126, "RequestStatus", since=2, in_place=True),
        Field("requestType", 127, "RequestType", since=2, in_place=True),
    ),
    texts=(
        Text("orderId"),
        Text("clientOrderId"),
        Text("market"),
        Text("cancelReason"),
        Text("requestId", since=2, in_place=True),
        Text("requestMessage", since=2, in_place=True),
    ),
)

FILL: Final = Layout(
    21,
    "FillEvent",
    fields=(
        Field("ts", 0, "Timestamp"),
        Field("seq", 8, "int64NULL"),
        Field("fillType", 16, "FillType"),
        Field("side", 17, "Side"),
        Field("liquidity", 18, "LiquiditySide"),
        Field("price", 19, "Price8"),
        Field("size", 27, "Qty8"),
        Field("fee", 35, "Value8"),
        Field("realizedPnl", 43, "Value8NULL"),
        Field("createdAt", 51, "Timestamp"),
        Field("account", 59, "AccountAddress"),
        Field("underlyingPrice", 91, "Price8"),
        Field("realizedFunding", 99, "Value8"),
        Field("flags", 107, "FillFlags", since=2),
        Field("orderbookSeqNo", 108, "uint64", since=2),
    ),
    texts=(
        Text("fillId"),
        Text("orderId"),
        Text("clientOrderId"),
        Text("tradeId"),
        Text("market"),
        Text("feeCurrency", since=2),
    ),
)

POSITION: Final = Layout(
    22,
    "PositionEvent",
    fields=(
        Field("ts", 0, "Timestamp"),
        Field("seq", 8, "int64"),
        Field("side", 16, "Side"),
        Field("size", 17, "Qty8"),
        Field("avgEntryPrice", 25, "Price8"),
        Field("unrealizedPnl", 33, "Value8"),
        Field("realizedPnl", 41, "Value8"),
        Field("markPrice", 49, "Price8NULL"),
        Field("liquidationPrice", 57, "Price8NULL"),
        Field("leverage", 65, "Rate8"),
        Field("updatedAt", 73, "Timestamp"),
        Field("account", 81, "AccountAddress"),
        Field("avgEntryPriceUsd", 113, "Price8"),
        Field("cost", 121, "Value8"),
        Field("costUsd", 129, "Value8"),
        Field("cachedFundingIndex", 137, "Price8"),
        Field("unrealizedFundingPnl", 145, "Value8"),
        Field("status", 153, "PositionStatus"),
    ),
    texts=(Text("market"), Text("lastFillId")),
)

ACCOUNT: Final = Layout(
    23,
    "AccountEvent",
    fields=(
        Field("ts", 0, "Timestamp"),
        Field("seq", 8, "int64"),
        Field("totalCollateral", 16, "Value8"),
        Field("freeCollateral", 24, "Value8"),
        Field("initialMarginReq", 32, "Value8"),
        Field("maintenanceMarginReq", 40, "Value8"),
        Field("accountValue", 48, "Value8"),
        Field("unrealizedPnl", 56, "Value8NULL"),
        Field("updatedAt", 64, "Timestamp"),
        Field("account", 72, "AccountAddress"),
        Field("marginCushion", 104, "Value8"),
        Field("status", 112, "AccountStatus"),
        Field("lastSeenNotification", 113, "Timestamp", since=2, in_place=True),
    ),
    texts=(Text("settlementAsset"),),
)

HEARTBEAT: Final = Layout(
    40,
    "HeartbeatEvent",
    fields=(Field("ts", 0, "Timestamp"), Field("seq", 8, "int64")),
)

LAYOUTS: Final = (
    TRADE,
    BBO,
    BOOK,
    MARKET_SUMMARY,
    FUNDING_DATA,
    FUNDING_COMPARISON,
    ORDER,
    FILL,
    POSITION,
    ACCOUNT,
    HEARTBEAT,
)
