"""The lines of docs/reliability.md, and how the page is written from what was run."""

from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec


DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "reliability.md"

#: What was run on demand, kept from one page to the next.
LONG_RUNS: Final = Path(__file__).with_name("long_runs.json")

#: The marker, and the property by which a run's report names its line.
MARKER: Final = "survives"

_SEED: Final = "seed"

LINES: Final[dict[int, str]] = {
    1: "The private stream is cut, or falls silent, after any of its frames; again while it "
    "recovers; orders change while the account is read, and the venue's lists lag. Nothing is "
    "lost, told twice, invented or stuck.",
    2: "Every command meets every fault of HTTP and of the socket. Nothing is sent twice or "
    "rejected without proof, and all is resolved in time.",
    3: "The venue is away for seconds or an hour, while others trade there, also on the same "
    "account; storms of reconnects and refusals keep to the venue's limits.",
    4: "The node's process is killed at any moment, started again and reconciled.",
    5: "Tokens expire in mid-session, mid-reconnect and between pages; a key is revoked while it "
    "trades.",
    6: "The venue is released: maintenance, cancel only, post only, and trading goes on by itself.",
    7: "Book frames are lost, repeated, swapped, stale or crossed. No wrong book claims to be in "
    "step.",
    8: "A strategy blocks the event loop for seconds. The connection is kept where the venue "
    "allows it, and its loss is survived where not.",
    9: "Millions of frames and very many reconnects: memory, tasks and descriptors stay level.",
    10: "Decoders, cursors and error bodies are given anything. They never crash, and never read a "
    "wrong number.",
}


class TestRun(msgspec.Struct, frozen=True):
    """One test that was run."""

    __test__ = False

    test: str
    line: int
    passed: bool
    figures: tuple[tuple[str, int], ...] = ()
    on: str = ""
    """The day, for runs that are kept."""


_HEAD: Final = """\
# Reliability

What the adapter was put through, against the local Paradex, and how much of it. This page is
generated from the runs themselves by `make docs-reliability`; do not edit it. Figures were counted
while the tests ran.

A session passes if at its end node and venue are equal in orders, fills, positions and balances,
if nothing is left pending, and if its whole history holds up: every fill applied once, positions
the sums of their fills, balances conserved with fees and funding, no event after an order's end,
every order known on both sides, and each rejection backed by the venue's word (`tests/proof`).
Sessions in virtual time are the same for the same seed: `PARADEX_SEED=7 pytest -k name` tells one
again.
"""

_FOOT: Final = """\
## What makes the tests fail

`tests/proof/test_mutations.py` takes each guard out of a copy of the package, one at a time, and
sees a named test fail.
"""


def document(runs: Iterable[TestRun], long_runs: Iterable[TestRun]) -> str:
    """Return the page."""
    parts = [
        _HEAD,
        "## In every run of the tests",
        "",
        *_table(list(runs)),
        "",
        "## On demand",
        "",
        "`make soak` runs these; below is what was run last.",
        "",
        *_table(list(long_runs)),
        "",
        _FOOT,
    ]
    return "\n".join(parts)


def _table(runs: list[TestRun]) -> list[str]:
    rows = ["| | What happens | Tests | Counted | Seeds |", "|---|---|---|---|---|"]
    for line, meaning in LINES.items():
        its = sorted((r for r in runs if r.line == line), key=lambda run: run.test)
        if its:
            rows.append(
                f"| {line} | {meaning} | {_result(its)} | {_figures(its)} | {_seeds(its)} |"
            )
    return rows if len(rows) > 2 else ["Nothing was run yet."]


def _result(runs: list[TestRun]) -> str:
    failed = sorted(run.test for run in runs if not run.passed)
    days = sorted({run.on for run in runs if run.on})
    when = f", {' to '.join(dict.fromkeys((days[0], days[-1])))}" if days else ""
    if not failed:
        return f"{len(runs)} passed{when}"
    return f"**{len(failed)} of {len(runs)} failed**: {', '.join(failed)}{when}"


def _figures(runs: list[TestRun]) -> str:
    sums: Counter[str] = Counter()
    for run in runs:
        for name, figure in run.figures:
            if name != _SEED:
                sums[name] += figure
    return ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in sums.items())


def _seeds(runs: list[TestRun]) -> str:
    seeds = sorted({figure for run in runs for name, figure in run.figures if name == _SEED})
    if len(seeds) > 12 and seeds == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))


# -- RUNS THAT ARE KEPT ----------------------------------------------------------------------------


def read_long_runs() -> list[TestRun]:
    """Return what was run on demand so far."""
    if not LONG_RUNS.exists():
        return []
    return msgspec.json.decode(LONG_RUNS.read_bytes(), type=list[TestRun])


def keep_long_runs(known: Iterable[TestRun], new: Mapping[str, TestRun]) -> list[TestRun]:
    """Note what was run on demand just now in place of its earlier runs; return all."""
    today = datetime.now(UTC).date().isoformat()
    runs = {run.test: run for run in known}
    runs |= {test: msgspec.structs.replace(run, on=today) for test, run in new.items()}
    kept = [runs[test] for test in sorted(runs)]
    LONG_RUNS.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    return kept
