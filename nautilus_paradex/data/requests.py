"""
What can be asked of the venue (PROTOCOL 4.1, rule E16).

Every method takes the framework's request and returns what answers it, or raises a `ParadexError`
whose text says to a trader what is wrong. Ranges are exact and both ends belong to them; rows come
oldest first, each once. Of a range with a limit the newest rows are given, as the framework's
official adapters do it: they join up with live data.

Options come as the request's ``params``; what is not known there is refused.
"""

from typing import Any
from typing import Final
from typing import Protocol

import msgspec
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.data.messages import RequestBars
from nautilus_trader.data.messages import RequestData
from nautilus_trader.data.messages import RequestForwardPrices
from nautilus_trader.data.messages import RequestFundingRates
from nautilus_trader.data.messages import RequestInstrument
from nautilus_trader.data.messages import RequestInstruments
from nautilus_trader.data.messages import RequestOrderBookDeltas
from nautilus_trader.data.messages import RequestOrderBookDepth
from nautilus_trader.data.messages import RequestOrderBookSnapshot
from nautilus_trader.data.messages import RequestQuoteTicks
from nautilus_trader.data.messages import RequestTradeTicks
from nautilus_trader.model.data import Bar
from nautilus_trader.model.data import CustomData
from nautilus_trader.model.data import FundingRateUpdate
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoOption
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.data.histories import bar_history
from nautilus_paradex.data.histories import funding_history
from nautilus_paradex.data.histories import trade_history
from nautilus_paradex.data.time_ranges import TimeRange
from nautilus_paradex.data.time_ranges import time_range
from nautilus_paradex.network.rest import PublicEndpoints
from nautilus_paradex.options import NoOptions
from nautilus_paradex.options import read_options
from nautilus_paradex.parsing.bars import PriceKind
from nautilus_paradex.parsing.bars import kline_spec
from nautilus_paradex.parsing.depth import DEPTH
from nautilus_paradex.parsing.depth import parse_order_book_depth10
from nautilus_paradex.parsing.forwards import parse_forward_price
from nautilus_paradex.parsing.listing_facts import parse_market_change
from nautilus_paradex.parsing.listing_facts import parse_settlement_price
from nautilus_paradex.parsing.market_data import InstrumentScale
from nautilus_paradex.parsing.market_data import parse_order_book_deltas
from nautilus_paradex.parsing.market_data import parse_quote_tick
from nautilus_paradex.protocol.enums import FillType
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.events import MarketSummary
from nautilus_paradex.types import ParadexMarketChange
from nautilus_paradex.types import ParadexSettlementPrice
from nautilus_paradex.types import instrument_id_in


#: What trades on a market's book; the others are settlements, transfers and blocks beside it.
ON_BOOK: Final = (FillType.FILL, FillType.LIQUIDATION, FillType.RPI)

#: More option series than these are read with all markets at once: each is a request otherwise.
_FEW_SERIES: Final = 5


class TouchOptions(msgspec.Struct, frozen=True):
    """Options of quote and book requests."""

    interactive: bool = False
    """If RPI liquidity is included, as retail flow sees the book; it may cross (trap 14)."""


class TradeOptions(msgspec.Struct, frozen=True):
    """Options of trade requests."""

    trade_types: tuple[FillType, ...] = ON_BOOK


class BarOptions(msgspec.Struct, frozen=True):
    """Options of bar requests."""

    price_kind: PriceKind | None = None
    """The price of the bar type where None."""
    include_open: bool = False
    """If the bar that is not closed yet comes last."""


class FundingOptions(msgspec.Struct, frozen=True):
    """Options of funding rate requests."""

    thin: bool = True
    """If the last row of each funding period is enough; else all of them, one every 5 s."""


class InstrumentSource(Protocol):
    """What is needed of the instrument provider."""

    def find(self, instrument_id: InstrumentId) -> Instrument | None:
        """Return a loaded instrument."""

    def list_all(self) -> list[Instrument]:
        """Return all loaded instruments."""

    async def load_async(
        self, instrument_id: InstrumentId, filters: dict[str, Any] | None = None
    ) -> None:
        """Load an instrument."""


class MarketDataRequests:
    """
    Answers the framework's data requests.

    Parameters
    ----------
    rest : PublicEndpoints
        The venue's public endpoints.
    provider : InstrumentSource
        The instrument provider.
    clock : LiveClock
        The framework's clock.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        rest: PublicEndpoints,
        provider: InstrumentSource,
        clock: LiveClock,
        log: Logger,
    ) -> None:
        self._rest = rest
        self._provider = provider
        self._clock = clock
        self._log = log

    # -- INSTRUMENTS -------------------------------------------------------------------------------

    async def instrument(self, request: RequestInstrument) -> Instrument:
        """
        Return an instrument; it is loaded where it is not yet.

        Raises
        ------
        EncodeError
            If the venue has no such market, or it cannot be an instrument.

        """
        read_options(NoOptions, request.params)
        instrument_id = request.instrument_id
        instrument = self._provider.find(instrument_id)
        if instrument is None:
            try:
                await self._provider.load_async(instrument_id)
            except ValueError as e:
                raise EncodeError(f"{instrument_id} cannot be loaded: {e}") from None
            instrument = self._instrument(instrument_id)
        return instrument

    async def instruments(self, request: RequestInstruments) -> list[Instrument]:
        """Return all instruments that are loaded."""
        read_options(NoOptions, request.params)
        return self._provider.list_all()

    # -- QUOTES AND BOOKS --------------------------------------------------------------------------

    async def quote_ticks(self, request: RequestQuoteTicks) -> list[QuoteTick]:
        """
        Return the quote of now, or nothing while a side of the book is empty.

        The venue keeps no quotes. The framework always sends a range, mostly one that ends now: as
        long as it does, the present quote answers it.

        Raises
        ------
        EncodeError
            If the range has ended in the past.

        """
        options = read_options(TouchOptions, request.params)
        instrument = self._instrument(request.instrument_id)
        self._check_present(request, "quotes")
        bbo = await self._rest.bbo(instrument.id.symbol.value, interactive=options.interactive)
        quote = parse_quote_tick(bbo, InstrumentScale.of(instrument), self._clock.timestamp_ns())
        if quote is None:
            self._log.info(f"A side of the book of {instrument.id} is empty: there is no quote")
        return [] if quote is None else [quote]

    async def order_book_snapshot(self, request: RequestOrderBookSnapshot) -> list[OrderBookDeltas]:
        """Return the book of now; the limit is its depth a side, the venue's 20 where it is 0."""
        options = read_options(TouchOptions, request.params)
        instrument = self._instrument(request.instrument_id)
        if request.limit < 0:
            raise EncodeError(f"a depth of {request.limit} makes no sense; 0 is the venue's own")
        book = await self._rest.orderbook(
            instrument.id.symbol.value,
            depth=request.limit or None,
            interactive=options.interactive,
        )
        scale = InstrumentScale.of(instrument)
        deltas = parse_order_book_deltas(book, scale, self._clock.timestamp_ns())
        return [] if deltas is None else [deltas]

    async def order_book_depth(self, request: RequestOrderBookDepth) -> list[OrderBookDepth10]:
        """
        Return the best levels of the book of now; errors as of `quote_ticks`.

        Raises
        ------
        EncodeError
            If the depth is not 1 to 10.

        """
        options = read_options(TouchOptions, request.params)
        instrument = self._instrument(request.instrument_id)
        self._check_present(request, "books")
        if not 1 <= request.depth <= DEPTH:
            raise EncodeError(f"a depth of {request.depth} is not one of 1 to {DEPTH}")
        book = await self._rest.orderbook(
            instrument.id.symbol.value, depth=DEPTH, interactive=options.interactive
        )
        scale = InstrumentScale.of(instrument)
        now = self._clock.timestamp_ns()
        return [parse_order_book_depth10(book, scale, now, depth=request.depth)]

    async def order_book_deltas(self, request: RequestOrderBookDeltas) -> list[OrderBookDeltas]:
        """Refuse: the venue has no history of books (PROTOCOL 4.2)."""
        raise EncodeError(
            f"Paradex keeps no history of order books: subscribe the deltas of "
            f"{request.instrument_id} and record them, or request a snapshot"
        )

    # -- HISTORIES ---------------------------------------------------------------------------------

    async def trade_ticks(self, request: RequestTradeTicks) -> list[TradeTick]:
        """
        Return trades; without options those on the book (FILL, LIQUIDATION, RPI).

        Errors as of `trade_history`.
        """
        options = read_options(TradeOptions, request.params)
        instrument = self._instrument(request.instrument_id)
        return await trade_history(
            self._rest, instrument, self._range(request), frozenset(options.trade_types)
        )

    async def bars(self, request: RequestBars) -> list[Bar]:
        """
        Return closed bars; a bar belongs to the range if it closes there.

        Errors as of `kline_spec` and `bar_history`.
        """
        options = read_options(BarOptions, request.params)
        spec = kline_spec(request.bar_type, options.price_kind)
        return await bar_history(
            self._rest,
            request.bar_type,
            spec,
            self._instrument(request.bar_type.instrument_id),
            self._range(request),
            include_open=options.include_open,
        )

    async def funding_rates(self, request: RequestFundingRates) -> list[FundingRateUpdate]:
        """Return funding rates, without options one a period; errors as of `funding_history`."""
        options = read_options(FundingOptions, request.params)
        instrument = self._instrument(request.instrument_id)
        return await funding_history(
            self._rest, instrument, self._range(request), thin=options.thin
        )

    # -- OPTIONS -----------------------------------------------------------------------------------

    async def forward_prices(self, request: RequestForwardPrices) -> list[Any]:
        """
        Return `ForwardPrice`s of an underlying: of the sample's series, or of every loaded one.

        Raises
        ------
        EncodeError
            If no option on the underlying is loaded, or the sample is no loaded option.
        NotFoundError
            If the venue gives no price of the underlying.

        """
        read_options(NoOptions, request.params)
        options = self._series(request)
        now = self._clock.timestamp_ns()
        summaries = await self._summaries([option.id.symbol.value for option in options])
        found = [
            parse_forward_price(summaries[symbol], option, now)
            for option in options
            if (symbol := option.id.symbol.value) in summaries
        ]
        forwards = [forward for forward in found if forward is not None]
        if not forwards:
            raise NotFoundError(f"Paradex gives no price of the underlying {request.underlying}")
        return forwards

    def _series(self, request: RequestForwardPrices) -> list[CryptoOption]:
        """Return one option of each series that is asked for."""
        if request.sample_instrument_id is not None:
            # The framework gives ids of either of its two kinds.
            sample = self._instrument(InstrumentId.from_str(str(request.sample_instrument_id)))
            if not isinstance(sample, CryptoOption):
                raise EncodeError(f"{sample.id} is no option")
            return [sample]
        series = {
            instrument.expiration_ns: instrument
            for instrument in self._provider.list_all()
            if isinstance(instrument, CryptoOption)
            and str(instrument.underlying) == request.underlying
        }
        if not series:
            raise EncodeError(f"no option on {request.underlying} is loaded")
        return list(series.values())

    async def _summaries(self, symbols: list[str]) -> dict[str, MarketSummary]:
        if len(symbols) > _FEW_SERIES:
            found = await self._rest.markets_summary()
        else:
            found = [row for symbol in symbols for row in await self._rest.markets_summary(symbol)]
        return {summary.market: summary for summary in found}

    # -- CUSTOM DATA -------------------------------------------------------------------------------

    async def custom(self, request: RequestData) -> list[CustomData]:
        """
        Return what a request for custom data asks for.

        Served are `ParadexSettlementPrice` and `ParadexMarketChange`, each with the instrument id
        as metadata. The instrument need not be loaded: what has settled no longer can be.

        Raises
        ------
        EncodeError
            If it is another type, or the metadata is another.
        NotFoundError
            If the market has not settled, or does not exist.

        """
        read_options(NoOptions, request.params)
        kind = request.data_type.type
        if kind not in (ParadexSettlementPrice, ParadexMarketChange):
            raise EncodeError(
                f"{kind.__name__} cannot be requested; ParadexSettlementPrice and "
                "ParadexMarketChange can"
            )
        instrument_id = instrument_id_in(request.data_type)
        _check_venue(instrument_id)
        if kind is ParadexSettlementPrice:
            message = await self._rest.settlement_price(instrument_id.symbol.value)
            now = self._clock.timestamp_ns()
            return [parse_settlement_price(message, instrument_id, now).to_custom_data()]
        when = self._range(request)
        messages = await self._rest.markets_history(instrument_id.symbol.value)
        changes = [parse_market_change(message, instrument_id) for message in messages]
        inside = sorted(
            (change for change in changes if when.holds(change.ts_event)),
            key=lambda change: change.ts_event,
        )
        return [change.to_custom_data() for change in inside[-(when.limit or 0) :]]

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _instrument(self, instrument_id: InstrumentId) -> Instrument:
        _check_venue(instrument_id)
        instrument = self._provider.find(instrument_id)
        if instrument is None:
            raise EncodeError(
                f"{instrument_id} is not loaded: request the instrument first, or add it to the "
                "provider's load_ids"
            )
        return instrument

    def _range(self, request: RequestData) -> TimeRange:
        return time_range(request.start, request.end, request.limit, self._clock.timestamp_ns())

    def _check_present(self, request: RequestData, what: str) -> None:
        if not self._range(request).reaches_present:
            raise EncodeError(
                f"Paradex keeps no history of {what}: only what is now can be requested, by a "
                "range that ends now; subscribe and record, or request trades or bars"
            )


def _check_venue(instrument_id: InstrumentId) -> None:
    if instrument_id.venue != PARADEX_VENUE:
        raise EncodeError(f"{instrument_id} is not of {PARADEX_VENUE}")
