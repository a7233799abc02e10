"""The cases of the framework's execution testing spec, which tests prove them, and their table."""

from collections.abc import Callable
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any
from typing import Final
from typing import NamedTuple

import pytest


#: Where the table stands.
DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "acceptance-execution.md"

#: How orders may reach the venue: the execution client's ``order_transport``.
TRANSPORTS: Final = ("rest", "ws")


class Result(StrEnum):
    """What a case comes to if its tests pass."""

    PASSES = "passes"
    IN_PART = "in part"
    DENIED = "denied"


class Case(NamedTuple):
    """A case of the spec."""

    id: str
    meaning: str
    result: Result = Result.PASSES
    note: str = ""
    """How it is served, or why it is not."""


class Proof(NamedTuple):
    """A test that proves a case."""

    test: str
    case_id: str
    """The case, if the test has it as a parameter; empty if all of its runs prove all its cases."""


class Run(NamedTuple):
    """A run of a proof."""

    test: str
    case_id: str
    transport: str


_NO_FOK: Final = "Paradex has no FOK: use IOC, or a size that the book can fill"

_GROUPS: Final[dict[str, tuple[Case, ...]]] = {
    "Market orders": (
        Case("TC-E01", "market buy: submit and fill"),
        Case("TC-E02", "market sell: submit and fill"),
        Case("TC-E03", "market order, IOC", note="every market order is IOC at the venue"),
        Case("TC-E04", "market order, FOK", Result.DENIED, _NO_FOK),
        Case(
            "TC-E05",
            "market order, quote quantity",
            Result.DENIED,
            "Paradex counts in base units: give the quantity in them",
        ),
        Case("TC-E06", "close the position on stop", note="by a reduce-only market order"),
    ),
    "Limit orders": (
        Case("TC-E10", "limit buy, GTC"),
        Case("TC-E11", "limit sell, GTC"),
        Case("TC-E12", "limit buy and sell pair"),
        Case("TC-E13", "limit IOC, aggressive: filled"),
        Case("TC-E14", "limit IOC, passive: canceled"),
        Case("TC-E15", "limit FOK, filled", Result.DENIED, _NO_FOK),
        Case("TC-E16", "limit FOK, not filled", Result.DENIED, _NO_FOK),
        Case(
            "TC-E17",
            "limit GTD",
            note="with `manage_gtd_expiry=True`: GTC at the venue, the node keeps the expiry; "
            "denied without",
        ),
        Case(
            "TC-E18",
            "limit GTD, expiry",
            Result.IN_PART,
            "the framework cancels when the time has come, so the end is `OrderCanceled`, not "
            "`OrderExpired`",
        ),
        Case(
            "TC-E19",
            "limit DAY",
            Result.DENIED,
            "Paradex trades around the clock: use GTC",
        ),
    ),
    "Stop and conditional orders": (
        Case("TC-E20", "stop-market buy"),
        Case("TC-E21", "stop-market sell"),
        Case("TC-E22", "stop-limit buy"),
        Case("TC-E23", "stop-limit sell"),
        Case(
            "TC-E24",
            "market-if-touched buy",
            note="a plain stop at the venue, which waits from where the mark price is",
        ),
        Case("TC-E25", "market-if-touched sell", note="the same"),
        Case("TC-E26", "limit-if-touched buy", note="the same"),
        Case("TC-E27", "limit-if-touched sell", note="the same"),
    ),
    "Modification": (
        Case("TC-E30", "modify a limit buy's price", note="in place: the venue keeps the order id"),
        Case("TC-E31", "modify a limit sell's price", note="the same"),
        Case("TC-E32", "cancel and replace a limit buy"),
        Case("TC-E33", "cancel and replace a limit sell"),
        Case("TC-E34", "modify a stop's trigger price", note="of all four conditional types"),
        Case("TC-E35", "cancel and replace a stop"),
        Case(
            "TC-E36",
            "modify rejected",
            note="Paradex modifies; what is rejected here is what the venue refuses, at once or "
            "afterwards",
        ),
    ),
    "Cancellation": (
        Case("TC-E40", "cancel a limit order"),
        Case("TC-E41", "cancel all on stop", note="one batch, of the strategy's own orders"),
        Case("TC-E42", "individual cancels on stop"),
        Case("TC-E43", "batch cancel on stop", note="one request"),
        Case(
            "TC-E44",
            "cancel an order that has ended",
            note="`OrderCancelRejected` if the node knows that it ended; if only the venue knows, "
            "what became of the order",
        ),
    ),
    "Brackets": (
        Case(
            "TC-E50",
            "bracket buy",
            note="Paradex has no attached orders: the children wait with the adapter until the "
            "entry fills",
        ),
        Case("TC-E51", "bracket sell", note="the same"),
        Case("TC-E52", "the entry's fill activates its children"),
        Case("TC-E53", "bracket with a post-only entry", note="entry and take-profit"),
    ),
    "Flags": (
        Case("TC-E60", "post-only, accepted"),
        Case("TC-E61", "reduce-only on close"),
        Case(
            "TC-E62",
            "display quantity",
            Result.DENIED,
            "Paradex shows orders whole: leave `display_qty` unset",
        ),
        Case("TC-E63", "custom order params", note="such as `stp` and `vwap_price`"),
    ),
    "Rejections": (
        Case("TC-E70", "post-only that would cross", note="`due_post_only=True`"),
        Case("TC-E71", "reduce-only without a position"),
        Case("TC-E72", "order type that is not supported", note="`OrderDenied`, with advice"),
        Case("TC-E73", "time in force that is not supported", note="`OrderDenied`, with advice"),
        Case(
            "TC-E74",
            "ambiguous failure of a submit",
            note="in flight; rejected only once the venue does not know the order after its "
            "receive window",
        ),
        Case(
            "TC-E75",
            "ambiguous failure of a cancel",
            note="in flight; sent again while the order stays open",
        ),
        Case(
            "TC-E76",
            "ambiguous failure of a modify",
            note="in flight; rejected only once the request cannot be carried out any more",
        ),
        Case("TC-E77", "ambiguous failure of a batch", note="each order is asked for by itself"),
        Case("TC-E78", "an order's rejection in a batch", note="the others are not touched"),
    ),
    "Life": (
        Case("TC-E80", "open a position on start"),
        Case("TC-E81", "cancel orders on stop", note="other strategies' orders stay"),
        Case("TC-E82", "close positions on stop"),
        Case("TC-E83", "unsubscribe on stop", note="at the venue no channel of the market is left"),
        Case("TC-E84", "reconcile open orders", note="untriggered ones too"),
        Case("TC-E85", "reconcile filled orders"),
        Case("TC-E86", "reconcile a long position", note="which the strategy then closes"),
        Case("TC-E87", "reconcile a short position", note="the same"),
    ),
    "Options": (
        Case("TC-E90", "limit buy of an option"),
        Case("TC-E91", "limit sell of an option"),
        Case(
            "TC-E92",
            "limit with another kind of price",
            Result.DENIED,
            "Paradex prices options in USD only; a param that it does not have is named",
        ),
        Case("TC-E94", "order type that is not supported for options", note="`OrderDenied`"),
        Case("TC-E96", "conditional order on an option", note="`OrderDenied`, all five types"),
        Case("TC-E99", "limit FOK of an option", Result.DENIED, _NO_FOK),
        Case("TC-E100", "cancel an option's order"),
        Case("TC-E101", "reconcile an option position", note="long and short"),
    ),
}

CASES: Final = {case.id: case for cases in _GROUPS.values() for case in cases}

#: What proves a case, by its id.
PROOFS: Final[dict[str, list[Proof]]] = {case_id: [] for case_id in CASES}

_HEAD: Final = """\
# Execution acceptance

The cases of NautilusTrader's execution testing spec, run with its `ExecTester` (or, where that has
no switch, with a strategy of the test's own) in a `TradingNode` on the local Paradex: each once
with `order_transport="rest"` and once with `"ws"`. This file is generated from that run by
`make docs-acceptance`; do not edit it. The tests stand in `tests/acceptance/test_exec_spec.py`.
Each compares the exact sequence of an order's events, and at its end orders, fills, positions and
balance of node and venue.

"denied" is `OrderDenied` with the reason and what to use instead, before anything is sent.
"""

_FOOT: Final = """\
What can be ordered, and with which options, is described in [execution](execution.md).
"""


# -- PROOFS ----------------------------------------------------------------------------------------


def proves[F: Callable[..., Any]](*case_ids: str) -> Callable[[F], F]:
    """
    Note that a test proves cases, and run it by each transport.

    A `KeyError` names a case that the spec does not have.
    """

    def noted(test: F) -> F:
        for case_id in case_ids:
            PROOFS[case_id].append(Proof(test.__name__, ""))
        return _by_each_transport(test)

    return noted


def proves_each[F: Callable[..., Any]](
    names: str, cases: Mapping[str, tuple[Any, ...]]
) -> Callable[[F], F]:
    """Note that a test proves a case by each set of its parameters; run it by each transport."""

    def noted(test: F) -> F:
        for case_id in cases:
            PROOFS[case_id].append(Proof(test.__name__, case_id))
        rows = [pytest.param(*values, id=case_id) for case_id, values in cases.items()]
        return _by_each_transport(pytest.mark.parametrize(names.split(), rows)(test))

    return noted


def _by_each_transport[F: Callable[..., Any]](test: F) -> F:
    return pytest.mark.parametrize("transport", TRANSPORTS)(test)


# -- THE TABLE -------------------------------------------------------------------------------------


def document(passed: Mapping[Run, bool]) -> str:
    """
    Return the document.

    Parameters
    ----------
    passed : Mapping[Run, bool]
        By each run, if it passed.

    """
    parts = [_HEAD]
    for group, cases in _GROUPS.items():
        rows = ["| Case | Meaning | REST | WS | Note |", "|---|---|---|---|---|"]
        for case in cases:
            results = " | ".join(_result(case, transport, passed) for transport in TRANSPORTS)
            rows.append(f"| {case.id} | {case.meaning} | {results} | {case.note} |")
        parts.append("\n".join([f"## {group}", "", *rows, ""]))
    return "\n".join([*parts, _FOOT])


def runs_of(case_id: str, transport: str) -> list[Run]:
    """Return the runs that prove a case by a transport."""
    return [Run(proof.test, proof.case_id, transport) for proof in PROOFS[case_id]]


def _result(case: Case, transport: str, passed: Mapping[Run, bool]) -> str:
    runs = runs_of(case.id, transport)
    if not runs or not all(run in passed for run in runs):
        return "**not run**"
    return case.result.value if all(passed[run] for run in runs) else "**fails**"
