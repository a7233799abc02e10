"""
Channel names of the WebSocket feed (PROTOCOL 6.3).

Names are built by one constructor per channel and taken apart by :func:`parse`, exactly: no name
is ever matched by a prefix (``transaction`` and ``transfers``, ``orders`` and ``order_book``;
trap 8). The venue may acknowledge a misspelled name and stay silent (trap 6), so a name that
does not follow the grammar is refused here.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any
from typing import Final

import msgspec

from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import EncodeError


#: Stands for every market where a channel allows it.
ALL: Final = "ALL"


class ChannelKind(StrEnum):
    """What a channel carries; order book feeds are told apart by cadence."""

    TRADES = "trades"
    BBO = "bbo"
    BOOK_DELTAS = "book_deltas"
    BOOK_SNAPSHOT = "book_snapshot"
    MARKETS_SUMMARY = "markets_summary"
    MARKETS = "markets"
    FUNDING_DATA = "funding_data"
    FUNDING_RATE_COMPARISON = "funding_rate_comparison"
    ACCOUNT = "account"
    BALANCE_EVENTS = "balance_events"
    POSITIONS = "positions"
    ORDERS = "orders"
    FILLS = "fills"
    FUNDING_PAYMENTS = "funding_payments"
    TRADEBUSTS = "tradebusts"
    TRANSACTION = "transaction"
    TRANSFERS = "transfers"
    BLOCK_TRADES = "block_trades"
    RFQ = "rfq"
    MMP = "mmp"


_PUBLIC: Final = frozenset(
    {
        ChannelKind.TRADES,
        ChannelKind.BBO,
        ChannelKind.BOOK_DELTAS,
        ChannelKind.BOOK_SNAPSHOT,
        ChannelKind.MARKETS_SUMMARY,
        ChannelKind.MARKETS,
        ChannelKind.FUNDING_DATA,
        ChannelKind.FUNDING_RATE_COMPARISON,
    }
)

_SBE_TEMPLATES: Final = {
    ChannelKind.TRADES: 1,
    ChannelKind.BBO: 2,
    ChannelKind.BOOK_DELTAS: 3,
    ChannelKind.BOOK_SNAPSHOT: 3,
    ChannelKind.MARKETS_SUMMARY: 4,
    ChannelKind.FUNDING_DATA: 5,
    ChannelKind.FUNDING_RATE_COMPARISON: 6,
    ChannelKind.ORDERS: 20,
    ChannelKind.FILLS: 21,
    ChannelKind.POSITIONS: 22,
    ChannelKind.ACCOUNT: 23,
}


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """
    A channel that can be subscribed; equal channels hash alike.

    Build one with this module's functions; the fields are not checked here.
    """

    name: str
    """As on the wire."""
    kind: ChannelKind
    market: str | None = None
    """The market's symbol, ``ALL``, or None where the name carries no market."""
    interactive: bool = False
    """If the feed includes RPI liquidity, which only retail flow can trade with."""
    refresh_ms: int | None = None
    price_tick: str | None = None
    """Grouping of a book snapshot, with a decimal point; None is the market's own tick."""
    rfq_id: str | None = None
    markets: tuple[str, ...] | None = None
    """The scope of a ``markets_summary`` subscription; empty is a scope too."""
    base_asset: str | None = None
    """The option chain of a ``trades`` or ``bbo`` subscription."""

    @property
    def needs_auth(self) -> bool:
        """If the connection must be authenticated before."""
        return self.kind not in _PUBLIC

    @property
    def sbe_template(self) -> int | None:
        """The SBE template that may carry the channel, or None where only JSON does."""
        return _SBE_TEMPLATES.get(self.kind)

    @property
    def subscribe_params(self) -> dict[str, Any]:
        """The params of ``subscribe``."""
        params: dict[str, Any] = {"channel": self.name}
        if self.markets is not None:
            params["markets"] = list(self.markets)
        if self.base_asset is not None:
            params["base_asset"] = self.base_asset
        return params

    def modify_params(self, add: Sequence[str] = (), remove: Sequence[str] = ()) -> dict[str, Any]:
        """
        Return the params of ``modify_subscription``, which changes a scope in place.

        Raises
        ------
        EncodeError
            If the channel has no scope or nothing would change.

        """
        if self.markets is None:
            raise EncodeError(f"{self.name} has no scope of markets")
        if not add and not remove:
            raise EncodeError("a scope is changed by at least one market")
        params: dict[str, Any] = {"channel": self.name}
        if add:
            params["add"] = [_market(market) for market in add]
        if remove:
            params["remove"] = [_market(market) for market in remove]
        return params


# A dot is part of a symbol only before a digit (a strike such as 0.5): no feed's suffix is one.
_SYMBOL: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[0-9][A-Za-z0-9_-]*)*", re.ASCII)
_TICK: Final = re.compile(r"(?=.*[1-9])(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_BOOK_FEED: Final = re.compile(
    r"(snapshot|interactive)@15@([1-9][0-9]{1,3})ms(?:@([0-9_]+))?", re.ASCII
)
_COMPARISON: Final = re.compile(r"ALL@([1-9][0-9]{2,4})ms", re.ASCII)

_SNAPSHOT_REFRESH: Final = (50, 100)
_INTERACTIVE_REFRESH: Final = (100, 200, 400)
_COMPARISON_REFRESH: Final = (500, 1000)


def _symbol(value: str) -> str:
    if not _SYMBOL.fullmatch(value):
        raise EncodeError(f"{value[:64]!r} is no market symbol")
    return value


def _market(value: str) -> str:
    if value == ALL:
        raise EncodeError("the channel takes one market, not ALL")
    return _symbol(value)


def trades(market: str = ALL, *, base_asset: str | None = None) -> Channel:
    """Return the channel of public trades: of a market, of all, or of an option chain."""
    return _chain(ChannelKind.TRADES, market, base_asset)


def bbo(market: str = ALL, interactive: bool = False, *, base_asset: str | None = None) -> Channel:
    """Return the channel of best bids and offers; the interactive one takes one market."""
    if interactive:
        if base_asset is not None:
            raise EncodeError("an interactive bbo takes one market")
        return Channel(
            name=f"bbo.{_market(market)}.interactive",
            kind=ChannelKind.BBO,
            market=market,
            interactive=True,
        )
    return _chain(ChannelKind.BBO, market, base_asset)


def _chain(kind: ChannelKind, market: str, base_asset: str | None) -> Channel:
    if base_asset is None:
        return Channel(name=f"{kind}.{_symbol(market)}", kind=kind, market=market)
    if market != ALL:
        raise EncodeError("a base asset and a market exclude each other")
    return Channel(name=kind.value, kind=kind, base_asset=_symbol(base_asset))


def book_deltas(market: str, interactive: bool = False) -> Channel:
    """
    Return the channel of a book's snapshot and deltas.

    One connection takes one book channel a market when it speaks SBE (trap 7).
    """
    feed = "interactive_deltas" if interactive else "deltas"
    return Channel(
        name=f"order_book.{_market(market)}.{feed}",
        kind=ChannelKind.BOOK_DELTAS,
        market=market,
        interactive=interactive,
    )


def book_snapshot(
    market: str,
    refresh_ms: int = 100,
    price_tick: str | None = None,
    interactive: bool = False,
) -> Channel:
    """
    Return the channel of a book's best 15 levels.

    Parameters
    ----------
    market : str
        The market's symbol.
    refresh_ms : int, default 100
        50 or 100; 100, 200 or 400 for the interactive book.
    price_tick : str, optional
        A price step to group by, such as ``0.1``.
    interactive : bool, default False
        If RPI liquidity is included.

    Raises
    ------
    EncodeError
        If the venue has no such feed (PROTOCOL 6.3).

    """
    allowed = _INTERACTIVE_REFRESH if interactive else _SNAPSHOT_REFRESH
    if refresh_ms not in allowed:
        raise EncodeError(f"a refresh of {refresh_ms} ms is not one of {allowed}")
    feed = f"{'interactive' if interactive else 'snapshot'}@15@{refresh_ms}ms"
    if price_tick is not None:
        if not _TICK.fullmatch(price_tick):
            raise EncodeError(f"{price_tick[:64]!r} is no price tick")
        feed = f"{feed}@{price_tick.replace('.', '_')}"
    return Channel(
        name=f"order_book.{_market(market)}.{feed}",
        kind=ChannelKind.BOOK_SNAPSHOT,
        market=market,
        interactive=interactive,
        refresh_ms=refresh_ms,
        price_tick=price_tick,
    )


def markets_summary(market: str | None = None, *, markets: Sequence[str] | None = None) -> Channel:
    """
    Return the channel of market statistics.

    Without a market it carries all of them; with ``markets``, even empty, a scope that
    `Channel.modify_params` changes in place.
    """
    kind = ChannelKind.MARKETS_SUMMARY
    if markets is not None:
        if market is not None:
            raise EncodeError("a scope and a market exclude each other")
        scope = tuple(_market(symbol) for symbol in markets)
        return Channel(name=kind.value, kind=kind, markets=scope)
    if market is None:
        return Channel(name=kind.value, kind=kind)
    return Channel(name=f"{kind}.{_symbol(market)}", kind=kind, market=market)


def markets(market: str | None = None) -> Channel:
    """Return the channel of listings, settlements and changed specifications."""
    if market is None:
        return Channel(name="markets", kind=ChannelKind.MARKETS)
    return Channel(name=f"markets.{_market(market)}", kind=ChannelKind.MARKETS, market=market)


def funding_data(market: str = ALL) -> Channel:
    """Return the channel of continuous funding."""
    return _of_market(ChannelKind.FUNDING_DATA, market)


def funding_rate_comparison(refresh_ms: int = 1000) -> Channel:
    """Return the channel of funding rates across venues; `refresh_ms` is 500 or 1000."""
    if refresh_ms not in _COMPARISON_REFRESH:
        raise EncodeError(f"a refresh of {refresh_ms} ms is not one of {_COMPARISON_REFRESH}")
    return Channel(
        name=f"funding_rate_comparison.ALL@{refresh_ms}ms",
        kind=ChannelKind.FUNDING_RATE_COMPARISON,
        market=ALL,
        refresh_ms=refresh_ms,
    )


def orders(market: str = ALL) -> Channel:
    """Return the channel of the account's order updates."""
    return _of_market(ChannelKind.ORDERS, market)


def fills(market: str = ALL) -> Channel:
    """Return the channel of the account's fills."""
    return _of_market(ChannelKind.FILLS, market)


def funding_payments(market: str = ALL) -> Channel:
    """Return the channel of the account's funding payments."""
    return _of_market(ChannelKind.FUNDING_PAYMENTS, market)


def _of_market(kind: ChannelKind, market: str) -> Channel:
    return Channel(name=f"{kind}.{_symbol(market)}", kind=kind, market=market)


def account() -> Channel:
    """Return the channel of the account's margin and collateral."""
    return Channel(name="account", kind=ChannelKind.ACCOUNT)


def balance_events() -> Channel:
    """Return the channel of the account's balance changes."""
    return Channel(name="balance_events", kind=ChannelKind.BALANCE_EVENTS)


def positions() -> Channel:
    """Return the channel of the account's positions."""
    return Channel(name="positions", kind=ChannelKind.POSITIONS)


def tradebusts() -> Channel:
    """Return the channel of the account's busted fills."""
    return Channel(name="tradebusts", kind=ChannelKind.TRADEBUSTS)


def transaction() -> Channel:
    """Return the channel of the on-chain transactions of the account's fills."""
    return Channel(name="transaction", kind=ChannelKind.TRANSACTION)


def transfers() -> Channel:
    """Return the channel of the account's deposits and withdrawals."""
    return Channel(name="transfers", kind=ChannelKind.TRANSFERS)


def block_trades() -> Channel:
    """Return the channel of the account's block trades."""
    return Channel(name="block_trades", kind=ChannelKind.BLOCK_TRADES)


def mmp() -> Channel:
    """Return the channel of market maker protection."""
    return Channel(name="mmp", kind=ChannelKind.MMP)


def rfq(rfq_id: str | None = None) -> Channel:
    """Return the channel of the account's requests for quote, or of one of them."""
    if rfq_id is None:
        return Channel(name="rfq", kind=ChannelKind.RFQ)
    if not _SYMBOL.fullmatch(rfq_id):
        raise EncodeError(f"{rfq_id[:64]!r} is no RFQ id")
    return Channel(name=f"rfq.{rfq_id}", kind=ChannelKind.RFQ, rfq_id=rfq_id)


_PLAIN: Final = {
    channel.name: channel
    for channel in (
        account(),
        balance_events(),
        block_trades(),
        markets(),
        markets_summary(),
        mmp(),
        positions(),
        rfq(),
        tradebusts(),
        transaction(),
        transfers(),
        # The names of option chain subscriptions; which chain is not in the name.
        Channel(name="bbo", kind=ChannelKind.BBO),
        Channel(name="trades", kind=ChannelKind.TRADES),
    )
}

_SUFFIXED: Final = {
    "fills": fills,
    "funding_data": funding_data,
    "funding_payments": funding_payments,
    "markets": markets,
    "markets_summary": markets_summary,
    "orders": orders,
    "rfq": rfq,
    "trades": trades,
}


@lru_cache(maxsize=8192)
def parse(name: str) -> Channel:
    """
    Return the channel of a name as the venue writes it.

    Raises
    ------
    DecodeError
        If the name is no channel's.

    """
    plain = _PLAIN.get(name)
    if plain is not None:
        return plain
    root, _, rest = name.partition(".")
    try:
        if root in _SUFFIXED:
            return _SUFFIXED[root](rest)
        if root == "bbo":
            market = rest.removesuffix(".interactive")
            return bbo(market, interactive=market != rest)
        if root == "order_book":
            return _parse_book(rest)
        if root == "funding_rate_comparison" and (match := _COMPARISON.fullmatch(rest)):
            return funding_rate_comparison(int(match[1]))
    except EncodeError as error:
        raise DecodeError(f"channel {name[:128]!r}: {error}") from None
    raise DecodeError(f"channel {name[:128]!r} is not known")


def _parse_book(rest: str) -> Channel:
    market, _, feed = rest.rpartition(".")
    if feed in ("deltas", "interactive_deltas"):
        return book_deltas(market, interactive=feed == "interactive_deltas")
    match = _BOOK_FEED.fullmatch(feed)
    if match is None:
        raise EncodeError("no such order book feed")
    tick = match[3]
    return book_snapshot(
        market,
        refresh_ms=int(match[2]),
        price_tick=None if tick is None else tick.replace("_", ".", 1),
        interactive=match[1] == "interactive",
    )
