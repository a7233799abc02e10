"""The instrument provider, over a client that answers from a list."""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Any
from typing import cast

import msgspec
import pytest
from nautilus_trader.common.component import LiveClock
from nautilus_trader.config import InstrumentProviderConfig
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoOption
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Currency

from nautilus_paradex.config import ParadexInstrumentProviderConfig
from nautilus_paradex.network.answers import decoded
from nautilus_paradex.network.rest.public import PublicEndpoints
from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.messages.account import AccountInfo
from nautilus_paradex.protocol.messages.account import Fees
from nautilus_paradex.protocol.messages.markets import Market
from nautilus_paradex.providers import ParadexInstrumentProvider
from tests.parsing.parsing_values import OPTION
from tests.parsing.parsing_values import OWN_FEES
from tests.parsing.parsing_values import PERP
from tests.parsing.parsing_values import PERP_OPTION
from tests.parsing.parsing_values import SPOT
from tests.parsing.parsing_values import market


BTC, CALL, PUT, ETH = (str(each["symbol"]) for each in (PERP, OPTION, PERP_OPTION, SPOT))
ALL = [market(PERP), market(OPTION), market(PERP_OPTION), market(SPOT)]
RFQ = market(PERP, symbol="SOL-USD-PERP", base_currency="SOL", trading_mode="RFQ_ONLY")
FUTURE = market(PERP, symbol="WTI-USD-FUT", asset_kind="FUTURE")
BROKEN = market(PERP, symbol="BAD-USD-PERP", price_tick_size="")


class Reader:
    """The venue's answers, and what was asked for."""

    def __init__(self, markets: list[Market]) -> None:
        self.rows = markets
        self.asked: list[str | None] = []
        self.not_found: VenueError = NotFoundError(
            "market not found", code="MARKET_NOT_FOUND", status=404
        )
        self.account_asked = 0
        self.unreadable: list[str] = []
        self.error: ParadexError | None = None
        self.account_error: ParadexError | None = None
        self.interactive = False
        self.accounts = [
            AccountInfo(account="0x1", fees=OWN_FEES),
            AccountInfo(account="0x2", parent_account="0x1"),
        ]

    async def markets(
        self, market: str | None = None, *, on_unreadable: Callable[[str], None] | None = None
    ) -> list[Market]:
        self.asked.append(market)
        for text in self.unreadable:
            assert on_unreadable is not None
            on_unreadable(text)
        if self.error is not None:
            raise self.error
        if market is None:
            return list(self.rows)
        rows = [row for row in self.rows if row.symbol == market]
        if not rows:
            raise self.not_found
        return rows

    async def account_info(self) -> list[AccountInfo]:
        self.account_asked += 1
        if self.account_error is not None:
            raise self.account_error
        return self.accounts


class Log:
    """What the provider logs; the framework's own logger cannot be read."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.errors: list[str] = []

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def error(self, text: str) -> None:
        self.errors.append(text)


class Logging(Log):
    """And what the framework itself logs while it initializes."""

    def info(self, text: str) -> None:
        assert text


def provider(
    reader: Reader, config: InstrumentProviderConfig | None = None, *, account: str = ""
) -> ParadexInstrumentProvider:
    return ParadexInstrumentProvider(
        client=reader,
        clock=LiveClock(),
        config=config or ParadexInstrumentProviderConfig(load_all=True),
        account=lambda: account,
    )


def iid(symbol: str) -> InstrumentId:
    return InstrumentId.from_str(f"{symbol}.PARADEX")


def loaded(instruments: ParadexInstrumentProvider) -> set[str]:
    return {each.id.symbol.value for each in instruments.list_all()}


# -- LOADING ---------------------------------------------------------------------------------------


async def test_all_markets_become_instruments() -> None:
    reader = Reader(ALL)
    instruments = provider(reader)
    await instruments.initialize()
    assert loaded(instruments) == {BTC, CALL, PUT, ETH}
    assert reader.asked == [None]
    assert set(instruments.currencies()) == {"BTC", "ETH", "USDC"}
    assert instruments.currency("USDC") == USDC
    await instruments.initialize()
    assert reader.asked == [None]


async def test_the_venues_own_specification_is_kept() -> None:
    instruments = provider(Reader(ALL))
    await instruments.load_all_async()
    spec = instruments.market(BTC)
    assert spec is not None
    assert spec.max_open_orders == 150
    assert instruments.market("DOGE-USD-PERP") is None


async def test_unknown_coins_are_registered_before_their_instruments() -> None:
    row = market(PERP, symbol="NEWCOIN7-USD-PERP", base_currency="NEWCOIN7")
    assert Currency.from_internal_map("NEWCOIN7") is None
    instruments = provider(Reader([row]))
    await instruments.load_all_async()
    assert Currency.from_internal_map("NEWCOIN7") is not None
    assert instruments.currencies()["NEWCOIN7"].precision == 8


async def test_a_few_ids_are_asked_for_by_name() -> None:
    reader = Reader(ALL)
    instruments = provider(reader)
    await instruments.load_ids_async([iid(BTC), iid(ETH), iid(BTC)])
    assert loaded(instruments) == {BTC, ETH}
    assert reader.asked == sorted([BTC, ETH])


async def test_as_many_as_three_ids_are_a_few() -> None:
    reader = Reader(ALL)
    instruments = provider(reader)
    await instruments.load_ids_async([iid(BTC), iid(CALL), iid(ETH)])
    assert loaded(instruments) == {BTC, CALL, ETH}
    assert reader.asked == sorted([BTC, CALL, ETH])


async def test_of_an_answer_with_more_than_was_asked_for_only_that_is_taken() -> None:
    class Talkative(Reader):
        async def markets(
            self, market: str | None = None, *, on_unreadable: Callable[[str], None] | None = None
        ) -> list[Market]:
            await super().markets(market, on_unreadable=on_unreadable)
            return self.rows

    instruments = provider(Talkative(ALL))
    await instruments.load_ids_async([iid(BTC)])
    assert loaded(instruments) == {BTC}


async def test_many_ids_are_read_at_once() -> None:
    reader = Reader([*ALL, RFQ])
    instruments = provider(reader)
    await instruments.load_ids_async([iid(symbol) for symbol in (BTC, CALL, PUT, ETH)])
    assert loaded(instruments) == {BTC, CALL, PUT, ETH}
    assert reader.asked == [None]


async def test_one_instrument_can_be_loaded() -> None:
    reader = Reader(ALL)
    instruments = provider(reader)
    await instruments.load_async(iid(CALL))
    assert loaded(instruments) == {CALL}


async def test_no_ids_are_no_request() -> None:
    reader = Reader(ALL)
    await provider(reader, account="0x1").load_ids_async([])
    assert (reader.asked, reader.account_asked) == ([], 0)


async def test_the_configs_ids_are_loaded() -> None:
    reader = Reader(ALL)
    instruments = provider(reader, ParadexInstrumentProviderConfig(load_ids=frozenset({iid(ETH)})))
    await instruments.initialize()
    assert loaded(instruments) == {ETH}


# -- FEES ------------------------------------------------------------------------------------------


async def test_the_accounts_own_fees_are_taken() -> None:
    reader = Reader(ALL)
    instruments = provider(reader, account="0x1")
    await instruments.load_all_async()
    assert str(instruments.find(iid(BTC)).maker_fee) == OWN_FEES.maker_rate
    assert reader.account_asked == 1


async def test_without_an_account_the_markets_fees_are_taken() -> None:
    reader = Reader(ALL)
    instruments = provider(reader)
    await instruments.load_all_async()
    assert str(instruments.find(iid(BTC)).maker_fee) == "0.00003"
    assert reader.account_asked == 0


async def test_an_account_without_fees_has_the_markets() -> None:
    reader = Reader(ALL)
    reader.accounts = []
    instruments = provider(reader, account="0x1")
    await instruments.load_all_async()
    assert str(instruments.find(iid(BTC)).maker_fee) == "0.00003"


async def test_the_account_is_found_by_its_address_and_not_by_its_place() -> None:
    reader = Reader(ALL)
    reader.accounts = [
        AccountInfo(account="0x2", fees=Fees(maker_rate="0.5", taker_rate="0.5")),
        AccountInfo(account="not an address"),
        AccountInfo(account="0x00000A1", fees=OWN_FEES),
    ]
    instruments = provider(reader, account="0xa1")
    log = instruments._log = Log()
    await instruments.load_all_async()
    assert str(instruments.find(iid(BTC)).maker_fee) == OWN_FEES.maker_rate
    assert log.warnings == []


async def test_an_account_that_is_not_among_them_takes_the_first_rates_and_says_so_once() -> None:
    reader = Reader(ALL)
    instruments = provider(reader, account="0xb2")
    log = instruments._log = Log()
    await instruments.load_all_async()
    await instruments.refresh({BTC})
    assert str(instruments.find(iid(BTC)).maker_fee) == OWN_FEES.maker_rate
    (warning,) = log.warnings
    assert "does not name 0xb2: the fee rates of 0x1 are taken" in warning


async def test_no_account_at_all_is_said_too() -> None:
    reader = Reader(ALL)
    reader.accounts = []
    instruments = provider(reader, account="0xb2")
    log = instruments._log = Log()
    await instruments.load_all_async()
    assert log.warnings == ["No fee rates of account 0xb2 are known"]


# -- FILTERS ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, {BTC, CALL, PUT, ETH}),
        ({"asset_kinds": frozenset({"PERP"})}, {BTC}),
        ({"asset_kinds": frozenset({"OPTION", "SPOT"})}, {CALL, ETH}),
        ({"base_currencies": frozenset({"ETH"})}, {ETH}),
        ({"base_currencies": frozenset({"BTC"}), "asset_kinds": frozenset({"SPOT"})}, set()),
        ({"include_rfq_only": True}, {BTC, CALL, PUT, ETH, RFQ.symbol}),
        ({"filters": {"asset_kinds": ["PERP", "PERP_OPTION"]}}, {BTC, PUT}),
        ({"filters": {"asset_kinds": "PERP"}}, {BTC}),
        ({"filters": {"base_currencies": "BTC"}}, {BTC, CALL, PUT}),
        ({"filter_callable": "tests.test_providers:is_no_option"}, {BTC, ETH}),
    ],
)
async def test_filters_say_what_load_all_loads(config: dict[str, Any], expected: set[str]) -> None:
    settings = ParadexInstrumentProviderConfig(load_all=True, **config)
    instruments = provider(Reader([*ALL, RFQ]), settings)
    await instruments.initialize()
    assert loaded(instruments) == expected


def is_no_option(instrument: Instrument) -> bool:
    return not isinstance(instrument, CryptoOption)


async def test_an_id_that_is_asked_for_passes_the_configs_filters() -> None:
    config = ParadexInstrumentProviderConfig(
        load_ids=frozenset({iid(RFQ.symbol)}), asset_kinds=frozenset({"SPOT"})
    )
    instruments = provider(Reader([*ALL, RFQ]), config)
    await instruments.initialize()
    assert loaded(instruments) == {RFQ.symbol}


@pytest.mark.parametrize("symbols", [[BTC, ETH], [BTC, ETH, CALL, PUT]])
async def test_of_the_ids_asked_for_only_those_that_pass_the_given_filters_are_loaded(
    symbols: list[str],
) -> None:
    instruments = provider(Reader(ALL))
    await instruments.load_ids_async([iid(each) for each in symbols], {"asset_kinds": "SPOT"})
    assert loaded(instruments) == {ETH}


async def test_the_frameworks_own_config_will_do() -> None:
    instruments = provider(Reader([*ALL, RFQ]), InstrumentProviderConfig(load_all=True))
    await instruments.initialize()
    assert loaded(instruments) == {BTC, CALL, PUT, ETH, RFQ.symbol}


@pytest.mark.parametrize(
    "load",
    [
        lambda instruments, filters: instruments.load_all_async(filters),
        lambda instruments, filters: instruments.load_ids_async([iid(BTC)], filters),
        lambda instruments, filters: instruments.load_async(iid(BTC), filters),
    ],
)
async def test_an_unknown_filter_is_refused(load: Callable[..., Any]) -> None:
    reader = Reader(ALL)
    with pytest.raises(ValueError, match="there is no filter kinds; use asset_kinds and base_cur"):
        await load(provider(reader), {"kinds": ["PERP"]})
    assert reader.asked == []


@pytest.mark.parametrize(
    ("filters", "text"),
    [
        (
            {"asset_kinds": ["PERPS"]},
            "filter asset_kinds must be of OPTION, PERP, PERP_OPTION, SPOT, not PERPS",
        ),
        ({"asset_kinds": "perp"}, "not perp$"),
        ({"asset_kinds": ["PERP", 7]}, "filter asset_kinds must be texts"),
        ({"base_currencies": 7}, "filter base_currencies must be texts, not 7"),
        ({"base_currencies": [""]}, "filter base_currencies must be texts"),
        ({"kinds": "PERP"}, "there is no filter kinds"),
    ],
)
async def test_a_mistyped_filter_is_refused_at_build_and_at_load(
    filters: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        provider(Reader(ALL), ParadexInstrumentProviderConfig(load_all=True, filters=filters))
    with pytest.raises(ValueError, match=text):
        await provider(Reader(ALL)).load_all_async(filters)


@pytest.mark.parametrize(
    "config",
    [
        {"filters": {"base_currencies": ["BTCC"]}},
        {"base_currencies": frozenset({"BTCC"})},
        {"base_currencies": frozenset({"btc"}), "asset_kinds": frozenset({"PERP"})},
    ],
)
async def test_base_currencies_of_which_the_venue_has_none_are_an_error(
    config: dict[str, Any],
) -> None:
    instruments = provider(Reader(ALL), ParadexInstrumentProviderConfig(load_all=True, **config))
    with pytest.raises(ValueError, match=r"base_currencies: Paradex has no market of (BTCC|btc)$"):
        await instruments.initialize()


async def test_one_base_currency_too_many_is_a_warning() -> None:
    config = ParadexInstrumentProviderConfig(
        load_all=True, base_currencies=frozenset({"ETH", "BTCC"})
    )
    instruments = provider(Reader(ALL), config)
    log = instruments._log = Log()
    await instruments.load_all_async()
    assert loaded(instruments) == {ETH}
    assert log.warnings == ["base_currencies: Paradex has no market of BTCC"]


@pytest.mark.parametrize("path", ["tests.test_providers:BTC", "tests.test_providers:nothing"])
def test_a_filter_that_cannot_be_called_is_refused_at_build(path: str) -> None:
    with pytest.raises((TypeError, AttributeError)):
        provider(Reader(ALL), ParadexInstrumentProviderConfig(filter_callable=path))


# -- FAULTS ----------------------------------------------------------------------------------------


async def test_a_market_that_cannot_be_an_instrument_costs_no_other() -> None:
    instruments = provider(Reader([FUTURE, BROKEN, *ALL]))
    await instruments.load_all_async()
    assert loaded(instruments) == {BTC, CALL, PUT, ETH}
    assert instruments.market("BAD-USD-PERP") is None


ODD = market(
    PERP, symbol="ODD-USD-PERP", market_kind="portfolio", trading_mode="AUCTION", tags=["DOGS"]
)


async def test_what_is_not_known_is_a_warning_each_and_only_once() -> None:
    rows = [FUTURE, msgspec.structs.replace(FUTURE, symbol="CL-USD-FUT"), BROKEN, ODD, *ALL]
    reader = Reader(rows)
    instruments = provider(reader)
    log = instruments._log = Log()
    await instruments.load_all_async()
    assert loaded(instruments) == {BTC, CALL, PUT, ETH, ODD.symbol}
    assert log.warnings == [
        "Unknown asset_kind, not loaded: 'FUTURE' of WTI-USD-FUT, CL-USD-FUT",
        "Unknown market_kind, loaded all the same: 'portfolio' of ODD-USD-PERP",
        "Unknown trading_mode, loaded all the same: 'AUCTION' of ODD-USD-PERP",
        "Unknown tags, loaded all the same: 'DOGS' of ODD-USD-PERP",
        "Skipped 1 markets: BAD-USD-PERP: price_tick_size has the value ''",
    ]
    assert instruments.find(iid(ODD.symbol)).info["tags"] == "DOGS"
    await instruments.load_all_async()
    await instruments.refresh({row.symbol for row in rows})
    assert len(log.warnings) == 5
    reader.rows = [msgspec.structs.replace(ODD, tags=("DOGS", "CATS"))]
    await instruments.refresh({ODD.symbol})
    assert log.warnings[5:] == ["Unknown tags, loaded all the same: 'CATS' of ODD-USD-PERP"]
    assert log.errors == []


async def test_a_warning_names_a_few_of_many_markets() -> None:
    rows = [msgspec.structs.replace(FUTURE, symbol=f"F{n}-USD-FUT") for n in range(7)]
    instruments = provider(Reader([*rows, *ALL]))
    log = instruments._log = Log()
    await instruments.load_all_async()
    (warning,) = log.warnings
    assert warning.endswith("'FUTURE' of F0-USD-FUT, F1-USD-FUT, F2-USD-FUT and 4 more")


async def test_known_values_are_no_news_and_warnings_can_be_switched_off() -> None:
    known = market(PERP, market_kind="isolated_margin", tags=["MEME", "DEFI"])
    instruments = provider(Reader([known, *ALL[1:]]))
    log = instruments._log = Log()
    await instruments.load_all_async()
    config = ParadexInstrumentProviderConfig(load_all=True, log_warnings=False)
    silent = provider(Reader([FUTURE, BROKEN, ODD, *ALL]), config)
    silent._log = log
    await silent.load_all_async()
    assert log.warnings == []


async def test_a_market_that_is_filtered_out_is_no_news() -> None:
    config = ParadexInstrumentProviderConfig(load_all=True, asset_kinds=frozenset({"SPOT"}))
    instruments = provider(Reader([FUTURE, BROKEN, ODD, *ALL]), config)
    log = instruments._log = Log()
    await instruments.load_all_async()
    assert log.warnings == []


async def test_a_row_that_is_not_understood_costs_no_other_and_is_said_once() -> None:
    reader = Reader(ALL)
    reader.unreadable = ["X-USD-PERP: symbol"]
    instruments = provider(reader)
    log = instruments._log = Log()
    await instruments.load_all_async()
    await instruments.load_all_async()
    assert instruments.count == 4
    assert log.warnings == ["Skipped 1 markets that are not understood: X-USD-PERP: symbol"]


async def test_rows_of_which_none_is_understood_are_a_failed_load() -> None:
    reader = Reader([])
    reader.unreadable = ["X-USD-PERP: symbol", "Y-USD-PERP: symbol"]
    with pytest.raises(TransportError, match="no market is understood: X-USD-PERP: symbol"):
        await provider(reader).load_all_async()


# A market may be delisted any day, and a node that trades others must start all the same.
@pytest.mark.parametrize("others", [[BTC], [BTC, ETH], [BTC, ETH, CALL, PUT]])
async def test_an_id_that_is_delisted_is_an_error_in_the_log_and_the_others_are_loaded(
    others: list[str],
) -> None:
    ids = frozenset(iid(symbol) for symbol in (*others, "DOGE-USD-PERP"))
    instruments = provider(Reader(ALL), ParadexInstrumentProviderConfig(load_ids=ids))
    log = instruments._log = Logging()
    await instruments.initialize()
    assert loaded(instruments) == set(others)
    (error,) = log.errors
    assert "Paradex has no market DOGE-USD-PERP" in error


async def test_an_id_that_is_delisted_is_missing_by_whichever_code_the_venue_says_it() -> None:
    reader = Reader(ALL)
    reader.not_found = VenueError("no such symbol", code="INVALID_SYMBOL", status=400)
    ids = frozenset({iid(BTC), iid("DOGE-USD-PERP")})
    instruments = provider(reader, ParadexInstrumentProviderConfig(load_ids=ids))
    log = instruments._log = Logging()
    await instruments.initialize()
    assert loaded(instruments) == {BTC}
    assert "Paradex has no market DOGE-USD-PERP" in log.errors[0]


async def test_a_market_that_cannot_be_asked_for_is_not_taken_for_delisted() -> None:
    reader = Reader(ALL)
    reader.not_found = VenueError("no", code="VALIDATION_ERROR", status=400)
    with pytest.raises(VenueError, match="VALIDATION_ERROR"):
        await provider(reader).load_ids_async([iid("DOGE-USD-PERP")])


async def test_fee_rates_that_the_venue_does_not_have_are_said_and_the_listed_ones_taken() -> None:
    reader = Reader(ALL)
    reader.account_error = NotFoundError("404 page not found", status=404, outcome_unknown=True)
    instruments = provider(reader, account="0x1")
    log = instruments._log = Logging()
    await instruments.load_ids_async([iid(BTC)])
    assert loaded(instruments) == {BTC}
    assert "own fee rates cannot be read" in log.warnings[0]


@pytest.mark.parametrize(
    "symbols", [["DOGE-USD-PERP"], ["A-USD", "B-USD", "C-USD", "DOGE-USD-PERP"]]
)
async def test_ids_of_which_none_can_be_loaded_refuse_the_start(symbols: list[str]) -> None:
    instruments = provider(Reader(ALL))
    with pytest.raises(ValueError, match=r"Paradex has no market DOGE-USD-PERP$"):
        await instruments.load_ids_async([iid(symbol) for symbol in symbols])
    assert instruments.count == 0


async def test_an_id_that_is_delisted_after_its_load_refuses_no_restart() -> None:
    reader = Reader(ALL)
    instruments = provider(reader)
    log = instruments._log = Log()
    await instruments.load_async(iid(CALL))
    reader.rows = []
    await instruments.load_ids_async([iid(CALL)])
    assert CALL in loaded(instruments)
    assert CALL in log.errors[0]


async def test_an_id_that_cannot_be_an_instrument_says_why() -> None:
    instruments = provider(Reader([*ALL, FUTURE]))
    log = instruments._log = Log()
    with pytest.raises(ValueError, match="WTI-USD-FUT is of kind 'FUTURE', which is not modelled"):
        await instruments.load_async(iid(FUTURE.symbol))
    await instruments.load_ids_async([iid(FUTURE.symbol), iid(BTC)])
    assert loaded(instruments) == {BTC}
    assert "WTI-USD-FUT is of kind 'FUTURE', which is not modelled" in log.errors[0]


async def test_an_id_of_another_venue_is_refused_before_anything_is_asked() -> None:
    reader = Reader(ALL)
    with pytest.raises(ValueError, match=r"BTCUSDT.BINANCE is not an instrument of PARADEX"):
        await provider(reader).load_ids_async([InstrumentId.from_str("BTCUSDT.BINANCE")])
    assert reader.asked == []


async def test_a_failed_load_raises_and_can_be_tried_again() -> None:
    reader = Reader(ALL)
    instruments = provider(reader)
    reader.error = TransportError("connection refused", sent=False)
    with pytest.raises(TransportError):
        await instruments.initialize()
    assert instruments.count == 0
    reader.error = None
    await instruments.initialize()
    assert instruments.count == 4


@pytest.mark.parametrize("ids", [[BTC], [BTC, ETH, CALL, PUT]])
async def test_a_failed_load_of_ids_raises_the_venues_error(ids: list[str]) -> None:
    reader = Reader(ALL)
    reader.error = TransportError("connection refused", sent=False)
    with pytest.raises(TransportError):
        await provider(reader).load_ids_async([iid(symbol) for symbol in ids])


async def test_nothing_is_loaded_when_the_accounts_fees_cannot_be_read() -> None:
    reader = Reader(ALL)
    reader.account_error = AuthenticationError("token expired", status=401)
    instruments = provider(reader, account="0x1")
    with pytest.raises(AuthenticationError):
        await instruments.load_all_async()
    assert instruments.count == 0


# -- CHANGES ---------------------------------------------------------------------------------------


async def test_a_new_tick_replaces_the_instrument() -> None:
    reader = Reader([market(PERP)])
    instruments = provider(reader)
    await instruments.load_all_async()
    reader.rows = [market(PERP, price_tick_size="1")]
    await instruments.load_ids_async([iid(BTC)])
    changed = instruments.find(iid(BTC))
    assert (changed.price_precision, str(changed.price_increment)) == (0, "1")
    assert instruments.market(BTC).price_tick_size == "1"


async def test_trap_63_a_coarser_lot_keeps_the_places_of_older_positions() -> None:
    reader = Reader([market(PERP)])
    instruments = provider(reader)
    await instruments.load_all_async()
    reader.rows = [market(PERP, order_size_increment="0.01")]
    await instruments.load_all_async()
    changed = instruments.find(iid(BTC))
    assert (changed.size_precision, str(changed.size_increment)) == (5, "0.01000")


async def test_trap_63_places_can_be_asked_for() -> None:
    instruments = provider(Reader([market(PERP, order_size_increment="0.01")]))
    await instruments.load_all_async()
    assert instruments.find(iid(BTC)).size_precision == 2
    instruments.need_size_places(BTC, 3)
    instruments.need_size_places(BTC, 1)
    await instruments.load_ids_async([iid(BTC)])
    assert instruments.find(iid(BTC)).size_precision == 3


async def test_an_expired_market_stays_known() -> None:
    reader = Reader(ALL)
    instruments = provider(reader)
    await instruments.initialize()
    reader.rows = [row for row in ALL if row.symbol != CALL]
    await instruments.initialize(reload=True)
    assert CALL in loaded(instruments)


# -- MANY: trap 11, a loop that does not get its turn loses its sockets ----------------------------


class Turns:
    """Counts the turns that another task gets while a work runs."""

    def __init__(self) -> None:
        self.count = 0

    async def during[T](self, work: Awaitable[T]) -> T:
        task = asyncio.ensure_future(self._run())
        try:
            return await work
        finally:
            task.cancel()

    async def _run(self) -> None:
        while True:
            self.count += 1
            await asyncio.sleep(0)


class Answering:
    """An HTTP client whose every answer is one body."""

    timing = SystemTiming()

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def request(self, method: str, path: str, kind: Any, **_rest: Any) -> Any:
        return decoded(self.body, kind, f"{method} {path}")


def rows_of(count: int) -> list[dict[str, Any]]:
    return [OPTION | {"symbol": f"BTC-USD-27NOV26-{n}-C", "tags": None} for n in range(count)]


def endpoints(rows: list[Any]) -> PublicEndpoints:
    return PublicEndpoints(cast("Any", Answering(msgspec.json.encode({"results": rows}))))


async def test_thousands_of_markets_leave_others_their_turns() -> None:
    rows = [msgspec.convert(row | {"tags": []}, Market, strict=False) for row in rows_of(5_000)]
    reader = Reader(rows)
    instruments = provider(reader)
    turns = Turns()
    await turns.during(instruments.load_all_async())
    assert instruments.count == 5_000
    assert turns.count >= 100
    reader.rows = [msgspec.structs.replace(row, price_tick_size="1") for row in rows]
    turns = Turns()
    assert len(await turns.during(instruments.refresh(instruments.symbols()))) == 5_000
    assert turns.count >= 200


async def test_thousands_of_rows_are_decoded_with_turns_between() -> None:
    turns = Turns()
    markets = await turns.during(endpoints(rows_of(5_000)).markets())
    assert [row.symbol for row in markets] == [row["symbol"] for row in rows_of(5_000)]
    assert turns.count >= 50


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (PERP | {"price_tick_size": {}}, "BTC-USD-PERP: the answer to GET /markets is not under"),
        (PERP | {"symbol": 7}, "a market without a name: the answer to GET /markets is not under"),
        ([], "a market without a name: "),
        ("text", "a market without a name: "),
    ],
)
async def test_a_row_that_is_not_understood_is_told_of_by_name(row: Any, text: str) -> None:
    told: list[str] = []
    rest = endpoints([SPOT, row, OPTION])
    markets = await rest.markets(on_unreadable=told.append)
    assert [each.symbol for each in markets] == [ETH, CALL]
    (reason,) = told
    assert reason.startswith(text)
    with pytest.raises(TransportError, match="is not understood"):
        await rest.markets()


async def test_a_list_that_is_none_is_an_error_whoever_is_told() -> None:
    rest = PublicEndpoints(cast("Any", Answering(b'{"results": 7}')))
    with pytest.raises(TransportError, match="is not understood"):
        await rest.markets(on_unreadable=print)


# -- REFRESH ---------------------------------------------------------------------------------------


async def test_a_refresh_returns_what_has_changed_and_nothing_else() -> None:
    reader = Reader(ALL)
    instruments = provider(reader)
    await instruments.load_all_async()
    reader.rows = [market(PERP, price_tick_size="0.5"), *ALL[1:]]
    (changed,) = await instruments.refresh({BTC, CALL, ETH})
    assert str(changed.price_increment) == "0.5"
    assert instruments.find(iid(BTC)) is changed
    assert await instruments.refresh({BTC, CALL, ETH}) == []


@pytest.mark.parametrize(
    "change",
    [
        {"order_size_increment": "0.0001"},
        {"min_notional": "11"},
        {"max_order_size": "50"},
        {"trading_mode": "RFQ_ONLY"},
        {"fee_config": None},
        {"delta1_cross_margin_params": None},
        {"expiry_at": 1795766400000},
    ],
)
async def test_any_field_makes_an_instrument_another(change: dict[str, Any]) -> None:
    reader = Reader([market(PERP)])
    instruments = provider(reader)
    await instruments.load_all_async()
    reader.rows = [market(PERP, **change)]
    assert [each.id for each in await instruments.refresh({BTC})] == [iid(BTC)]


async def test_an_account_with_other_rates_has_other_instruments() -> None:
    reader = Reader(ALL)
    instruments = provider(reader, account="0x1")
    await instruments.load_all_async()
    reader.accounts = []
    assert {each.id for each in await instruments.refresh({BTC, ETH})} == {iid(BTC), iid(ETH)}
    assert reader.account_asked == 2


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"load_all": True}, {BTC, CALL, PUT, ETH}),
        ({"load_all": True, "asset_kinds": frozenset({"OPTION"})}, {CALL}),
        ({"load_all": True, "filters": {"base_currencies": ["ETH"]}}, {ETH}),
        ({"load_all": True, "filter_callable": "tests.test_providers:is_no_option"}, {BTC, ETH}),
        ({"load_ids": frozenset({iid(ETH)})}, {ETH}),
        ({"load_all": True, "load_ids": frozenset({iid(RFQ.symbol)})}, {BTC, CALL, PUT, ETH}),
        ({}, set()),
    ],
)
async def test_a_new_market_is_added_if_the_configuration_would_have_loaded_it(
    config: dict[str, Any], expected: set[str]
) -> None:
    reader = Reader([])
    instruments = provider(reader, ParadexInstrumentProviderConfig(**config))
    reader.rows = [*ALL, RFQ]
    changed = await instruments.refresh({row.symbol for row in reader.rows})
    assert {each.id.symbol.value for each in changed} == expected
    assert loaded(instruments) == expected == instruments.symbols()


async def test_what_was_loaded_by_hand_is_refreshed_whatever_the_filters_say() -> None:
    reader = Reader([RFQ])
    config = ParadexInstrumentProviderConfig(
        load_all=True, filter_callable="tests.test_providers:is_never"
    )
    instruments = provider(reader, config)
    await instruments.load_async(iid(RFQ.symbol))
    reader.rows = [msgspec.structs.replace(RFQ, price_tick_size="1")]
    assert [each.id for each in await instruments.refresh({RFQ.symbol})] == [iid(RFQ.symbol)]


def is_never(_instrument: Instrument) -> bool:
    return False


async def test_a_market_that_is_gone_keeps_its_instrument_and_is_no_change() -> None:
    reader = Reader(ALL)
    instruments = provider(reader)
    await instruments.load_all_async()
    reader.rows = [row for row in ALL if row.symbol != CALL]
    assert await instruments.refresh({CALL}) == []
    assert CALL in loaded(instruments)


@pytest.mark.parametrize("symbol", ["", "BTC USD", "é", "*"])
async def test_a_name_that_no_instrument_can_have_ends_no_refresh(symbol: str) -> None:
    reader = Reader(ALL)
    instruments = provider(reader)
    assert {each.id for each in await instruments.refresh({symbol, BTC})} == {iid(BTC)}


@pytest.mark.parametrize(("symbols", "asked"), [(3, 3), (4, 1)])
async def test_many_markets_are_refreshed_with_one_request(symbols: int, asked: int) -> None:
    reader = Reader(ALL)
    instruments = provider(reader)
    await instruments.refresh({row.symbol for row in ALL[:symbols]})
    assert len(reader.asked) == asked


async def test_what_the_ids_do_not_name_is_not_even_asked_for() -> None:
    reader = Reader(ALL)
    config = ParadexInstrumentProviderConfig(load_ids=frozenset({f"{BTC}.PARADEX"}))
    instruments = provider(reader, config)
    await instruments.initialize()
    reader.asked.clear()
    others = {f"BTC-USD-27NOV26-{strike}-C" for strike in range(1, 600)}
    assert await instruments.refresh(others) == []
    assert reader.asked == []
    await instruments.refresh(others | {BTC})
    assert reader.asked == [BTC]


async def test_a_refresh_that_fails_changes_nothing() -> None:
    reader = Reader(ALL)
    instruments = provider(reader, account="0x1")
    await instruments.load_all_async()
    before = instruments.find(iid(BTC))
    reader.rows = [market(PERP, price_tick_size="1")]
    reader.account_error = TransportError("connection refused", sent=False)
    with pytest.raises(TransportError):
        await instruments.refresh({BTC})
    assert instruments.find(iid(BTC)) is before


async def test_a_change_that_makes_no_sense_keeps_the_instrument_as_it_was() -> None:
    reader = Reader(ALL)
    instruments = provider(reader)
    await instruments.load_all_async()
    before = instruments.find(iid(BTC))
    log = instruments._log = Log()
    reader.rows = [market(PERP, price_tick_size="0"), *ALL[1:]]
    assert await instruments.refresh({BTC, ETH}) == []
    assert instruments.find(iid(BTC)) is before
    (error,) = log.errors
    assert "out of date: BTC-USD-PERP: price_tick_size has the value '0'" in error
    assert log.warnings == []
