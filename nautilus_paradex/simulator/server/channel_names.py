"""Which channels the venue knows, and what it answers to a wrong name (PROTOCOL 6.2, 6.3)."""

import re
from decimal import Decimal
from enum import Enum
from enum import auto
from typing import Final

import msgspec

from nautilus_paradex.simulator.server.refusals import INVALID_REQUEST
from nautilus_paradex.simulator.server.refusals import RpcError


class Feed(Enum):
    """What a channel carries."""

    TRADES = auto()
    BBO = auto()
    DELTAS = auto()
    SNAPSHOTS = auto()
    SUMMARY = auto()
    MARKETS = auto()
    FUNDING = auto()
    COMPARISON = auto()
    ACCOUNT = auto()
    BALANCE_EVENTS = auto()
    POSITIONS = auto()
    ORDERS = auto()
    FILLS = auto()
    FUNDING_PAYMENTS = auto()
    TRADEBUSTS = auto()
    TRANSACTION = auto()
    TRANSFERS = auto()
    MMP = auto()
    SILENT = auto()
    """Acknowledged, and then nothing: the venue does not look at these names."""


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A channel of one connection."""

    name: str
    feed: Feed
    market: str = ""
    """A symbol, or empty for all."""
    interactive: bool = False
    refresh_ms: int = 0
    price_tick: Decimal | None = None
    base_asset: str = ""
    scoped: bool = False
    """If the connection chooses the markets (``markets_summary`` with ``markets``)."""

    @property
    def is_private(self) -> bool:
        """If it needs an authenticated connection."""
        return self.feed in _PRIVATE_FEEDS

    @property
    def is_book(self) -> bool:
        """If it is an ``order_book`` channel."""
        return self.feed in (Feed.DELTAS, Feed.SNAPSHOTS)


_PRIVATE_PLAIN: Final = {
    "account": Feed.ACCOUNT,
    "balance_events": Feed.BALANCE_EVENTS,
    "positions": Feed.POSITIONS,
    "tradebusts": Feed.TRADEBUSTS,
    "transaction": Feed.TRANSACTION,
    "transfers": Feed.TRANSFERS,
    "mmp": Feed.MMP,
}
_PRIVATE_SUFFIXED: Final = {
    "orders": Feed.ORDERS,
    "fills": Feed.FILLS,
    "funding_payments": Feed.FUNDING_PAYMENTS,
}
# Served without content: what they carry is outside of this venue.
_PRIVATE_SILENT: Final = ("block_trades", "rfq")
_PRIVATE_FEEDS: Final = frozenset(_PRIVATE_PLAIN.values()) | frozenset(_PRIVATE_SUFFIXED.values())
_PUBLIC_SUFFIXED: Final = {
    "trades": Feed.TRADES,
    "bbo": Feed.BBO,
    "funding_data": Feed.FUNDING,
    "markets_summary": Feed.SUMMARY,
    "markets": Feed.MARKETS,
}
_SNAPSHOT: Final = re.compile(
    r"(snapshot|interactive)@15@([0-9]+)ms(?:@([0-9]+(?:_[0-9]+)?))?", re.ASCII
)
_REFRESH: Final = {"snapshot": (50, 100), "interactive": (100, 200, 400)}
_COMPARISON: Final = re.compile(r"ALL@(500|1000)ms", re.ASCII)


def invalid_subscribe(reason: str) -> RpcError:
    """Return the error of a subscribe that the venue refuses."""
    return RpcError(INVALID_REQUEST, "invalid subscribe request", reason)


def is_private_name(name: str) -> bool:
    """Return if a name is one of the private channels', served or silent."""
    root = name.partition(".")[0]
    return root in _PRIVATE_PLAIN or root in _PRIVATE_SUFFIXED or root in _PRIVATE_SILENT


def resolve(
    name: str, markets: frozenset[str], *, base_asset: str = "", scoped: bool = False
) -> Subscription:
    """
    Return what a subscribe to this name means.

    Parameters
    ----------
    name : str
        The channel.
    markets : frozenset[str]
        The symbols that are listed.
    base_asset : str, optional
        The ``base_asset`` of the request.
    scoped : bool, default False
        If the request has ``markets``.

    Raises
    ------
    RpcError
        -32600 for a channel that the venue refuses.

    """
    root, _, rest = name.partition(".")
    if name in _PRIVATE_PLAIN:
        return Subscription(name=name, feed=_PRIVATE_PLAIN[name])
    if root in _PRIVATE_SILENT:
        return Subscription(name=name, feed=Feed.SILENT)
    if root in _PRIVATE_SUFFIXED and rest:
        market = "" if rest == "ALL" else rest
        return Subscription(name=name, feed=_PRIVATE_SUFFIXED[root], market=market)
    if root == "order_book":
        return _book(name, rest, markets)
    if root == "funding_rate_comparison" and _COMPARISON.fullmatch(rest):
        refresh_ms = int(rest.removeprefix("ALL@").removesuffix("ms"))
        return Subscription(name=name, feed=Feed.COMPARISON, refresh_ms=refresh_ms)
    if root in _PUBLIC_SUFFIXED:
        return _public(name, root, rest, markets, base_asset, scoped)
    raise invalid_subscribe("invalid channel")


def _public(
    name: str, root: str, rest: str, markets: frozenset[str], base_asset: str, scoped: bool
) -> Subscription:
    feed = _PUBLIC_SUFFIXED[root]
    if not rest:
        if root in ("markets_summary", "markets"):
            return Subscription(name=name, feed=feed, scoped=scoped)
        if root in ("trades", "bbo") and base_asset:
            return Subscription(name=name, feed=feed, base_asset=base_asset)
        raise invalid_subscribe("invalid channel")
    if rest == "ALL":
        return Subscription(name=name, feed=feed)
    if root == "bbo" and rest.removesuffix(".interactive") in markets:
        market = rest.removesuffix(".interactive")
        return Subscription(name=name, feed=feed, market=market, interactive=market != rest)
    if rest in markets:
        return Subscription(name=name, feed=feed, market=rest)
    # Misspelled markets are acknowledged (PROTOCOL 6.2, trap 6).
    return Subscription(name=name, feed=Feed.SILENT)


def _book(name: str, rest: str, markets: frozenset[str]) -> Subscription:
    market, _, feed = rest.rpartition(".")
    if market not in markets:
        raise invalid_subscribe("invalid channel")
    if feed in ("deltas", "interactive_deltas"):
        interactive = feed != "deltas"
        return Subscription(name=name, feed=Feed.DELTAS, market=market, interactive=interactive)
    if feed.startswith(("deltas@", "interactive_deltas@")):
        raise invalid_subscribe("no parameters expected for deltas topic.")
    match = _SNAPSHOT.fullmatch(feed)
    if match is None or int(match[2]) not in _REFRESH[match[1]]:
        raise invalid_subscribe("invalid channel")
    tick = match[3]
    return Subscription(
        name=name,
        feed=Feed.SNAPSHOTS,
        market=market,
        interactive=match[1] == "interactive",
        refresh_ms=int(match[2]),
        price_tick=None if tick is None else Decimal(tick.replace("_", ".")),
    )
