"""The cases of the framework's data testing spec, which tests prove them, and their table."""

from collections.abc import Callable
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any
from typing import Final
from typing import NamedTuple


#: Where the table stands.
DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "acceptance-data.md"


class Result(StrEnum):
    """What a case comes to if its tests pass."""

    PASSES = "passes"
    BY_POLLING = "passes, by polling"
    IN_PART = "in part"
    REFUSED = "refused"


class Case(NamedTuple):
    """A case of the spec."""

    id: str
    meaning: str
    result: Result
    how: str
    """How it is served, or why it is not."""


_GROUPS: Final[dict[str, tuple[Case, ...]]] = {
    "Instruments": (
        Case(
            "TC-D01",
            "request all instruments",
            Result.PASSES,
            "all that the provider has loaded, each with the venue's own tick, lot and limits",
        ),
        Case(
            "TC-D02",
            "subscribe instrument updates",
            Result.PASSES,
            "at subscription and at each change: a new tick comes as a new instrument, and the "
            "quotes after it have its precision",
        ),
        Case(
            "TC-D03",
            "load one instrument by id",
            Result.PASSES,
            "by the provider's `load_ids`, and by request where it is not loaded yet",
        ),
    ),
    "Order books": (
        Case(
            "TC-D10",
            "book deltas",
            Result.PASSES,
            "`order_book.{m}.deltas`: a snapshot, then every change of the book, once",
        ),
        Case(
            "TC-D11",
            "book at an interval",
            Result.PASSES,
            "made by the framework from deltas",
        ),
        Case(
            "TC-D12",
            "book depth, 10 levels",
            Result.PASSES,
            "`order_book.{m}.snapshot@15@100ms`, together with deltas of the same market: on a "
            "socket of its own",
        ),
        Case(
            "TC-D13",
            "book snapshot request",
            Result.PASSES,
            "`GET /orderbook`; as `OrderBookDepth10` too",
        ),
        Case(
            "TC-D14",
            "managed book from deltas",
            Result.PASSES,
            "the tester's own book and the framework's equal the venue's, level by level",
        ),
        Case(
            "TC-D15",
            "historical deltas request",
            Result.REFUSED,
            "Paradex keeps no history of books; the request is answered empty and the log says so",
        ),
    ),
    "Quotes": (
        Case("TC-D20", "quotes", Result.PASSES, "`bbo.{m}`, every change of the touch"),
        Case(
            "TC-D21",
            "historical quotes request",
            Result.IN_PART,
            "Paradex keeps no history of quotes: a range that ends now is answered with the quote "
            "of now, a range of the past is answered empty and the log says why",
        ),
    ),
    "Trades": (
        Case("TC-D30", "trades", Result.PASSES, "`trades.{m}`: every trade on the book, once"),
        Case(
            "TC-D31",
            "historical trades request",
            Result.PASSES,
            "`GET /trades`: all trades of the range on the book, oldest first",
        ),
    ),
    "Bars": (
        Case(
            "TC-D40",
            "live bars",
            Result.BY_POLLING,
            "INTERNAL bars are made by the framework; EXTERNAL ones are polled with "
            "`bars_poll=True` and refused without it, since Paradex has no kline channel",
        ),
        Case(
            "TC-D41",
            "historical bars request",
            Result.PASSES,
            "`GET /markets/klines`: closed bars of last and mark prices and of the index",
        ),
    ),
    "Derivatives": (
        Case(
            "TC-D50",
            "mark prices",
            Result.PASSES,
            "`markets_summary`, with all of the venue's decimal places",
        ),
        Case(
            "TC-D51",
            "index prices",
            Result.PASSES,
            "`markets_summary`, with all of the venue's decimal places",
        ),
        Case(
            "TC-D52",
            "funding rates",
            Result.PASSES,
            "`markets_summary`, with the market's period; funding is continuous, so there is no "
            "next funding time",
        ),
        Case(
            "TC-D53",
            "historical funding rates, 7 days",
            Result.PASSES,
            "`GET /funding/data`: the last rate of each funding period",
        ),
    ),
    "Status and close": (
        Case(
            "TC-D60",
            "instrument status",
            Result.PASSES,
            "the market's own state, and the exchange's (`GET /system/state`)",
        ),
        Case(
            "TC-D61",
            "instrument close",
            Result.PASSES,
            "at expiry or settlement, with the settlement price",
        ),
    ),
    "Options": (
        Case(
            "TC-D62",
            "option greeks",
            Result.PASSES,
            "`markets_summary`, with the implied volatilities; the tester has no switch for it: an "
            "actor subscribes",
        ),
        Case(
            "TC-D63",
            "option chain",
            Result.PASSES,
            "the framework's chain of quotes and greeks, the strike at the money found by the "
            "forward price; an actor subscribes",
        ),
    ),
    "Life": (
        Case(
            "TC-D70",
            "unsubscribe on stop",
            Result.PASSES,
            "at the venue nothing is left but `markets`, and a new connection brings nothing back",
        ),
        Case(
            "TC-D71",
            "custom subscribe params",
            Result.PASSES,
            "`interactive`, `refresh_ms`, `price_tick`, `price_kind`",
        ),
        Case(
            "TC-D72",
            "custom request params",
            Result.PASSES,
            "`interactive`, `trade_types`, `price_kind`, `include_open`, `thin`",
        ),
    ),
}

CASES: Final = {case.id: case for cases in _GROUPS.values() for case in cases}

#: The names of the tests that prove a case, by its id.
PROOFS: Final[dict[str, list[str]]] = {case_id: [] for case_id in CASES}

_HEAD: Final = """\
# Data acceptance

The cases of NautilusTrader's data testing spec, run with its `DataTester` in a `TradingNode` on the
local Paradex. This file is generated from that run by `make docs-acceptance`; do not edit it. The
tests stand in `tests/acceptance/test_data_spec.py`; they compare what a strategy gets with what the
local venue's engine did.
"""

_FOOT: Final = """\
What can be subscribed to and asked for, and with which options, is described in
[market data](market-data.md).
"""


def proves[F: Callable[..., Any]](*case_ids: str) -> Callable[[F], F]:
    """Note that a test proves cases; a `KeyError` names a case that the spec does not have."""

    def noted(test: F) -> F:
        for case_id in case_ids:
            PROOFS[case_id].append(test.__name__)
        return test

    return noted


def document(passed: Mapping[str, bool]) -> str:
    """
    Return the document.

    Parameters
    ----------
    passed : Mapping[str, bool]
        By the name of each test that was run, if it passed.

    """
    parts = [_HEAD]
    for group, cases in _GROUPS.items():
        rows = ["| Case | Meaning | Result | How, or why not |", "|---|---|---|---|"]
        rows += [
            f"| {case.id} | {case.meaning} | {_result(case, passed)} | {case.how} |"
            for case in cases
        ]
        parts.append("\n".join([f"## {group}", "", *rows, ""]))
    return "\n".join([*parts, _FOOT])


def _result(case: Case, passed: Mapping[str, bool]) -> str:
    proofs = PROOFS[case.id]
    if not proofs or not all(name in passed for name in proofs):
        return "**not run**"
    return case.result.value if all(passed[name] for name in proofs) else "**fails**"
