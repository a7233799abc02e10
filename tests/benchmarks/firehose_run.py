"""
A node at the firehose: starts both, each on its own core, and prints what was measured.

``python -m tests.benchmarks.firehose_run --seconds 60 --rate 50000`` is ``make bench-firehose``;
``--perpetuals 1000 --options 4000 --seconds 0 --quiet`` is ``make bench-loading``.
"""

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import msgspec

from tests.benchmarks.firehose_node import DELTAS
from tests.benchmarks.firehose_node import QUOTES
from tests.benchmarks.firehose_node import SUMMARIES
from tests.benchmarks.firehose_node import TRADES
from tests.benchmarks.firehose_node import Report
from tests.benchmarks.firehose_probe import Lag


ROOT = Path(__file__).parents[2]
NAMES = {QUOTES: "quotes", TRADES: "trades", DELTAS: "book frames", SUMMARIES: "summaries"}
_NODE_DEADLINE_S = 240.0
_END_DEADLINE_S = 10.0


@contextlib.contextmanager
def generator(
    *, rate: float, perpetuals: int, options: int, seed: int, core: int | None
) -> Iterator[dict[str, str]]:
    """Run the generator in a process of its own; give its URLs."""
    command = [sys.executable, "-m", "nautilus_paradex.simulator.firehose", "--held"]
    command += ["--rate", str(rate), "--perpetuals", str(perpetuals), "--options", str(options)]
    command += ["--seed", str(seed), *(() if core is None else ("--core", str(core)))]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            try:
                process.wait(_END_DEADLINE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def run(
    *,
    seconds: float,
    rate: float,
    perpetuals: int = 300,
    options: int = 2_000,
    seed: int = 1,
    pinned: bool = True,
    quiet: bool = False,
    framework_defaults: bool = False,
) -> tuple[Report, str]:
    """
    Run node and generator; return the node's report and what it logged as a warning or worse.

    Parameters
    ----------
    seconds : float
        How long messages flow.
    rate : float
        Messages a second.
    perpetuals, options : int
        Markets: each perpetual with three feeds, each option with its greeks.
    seed : int
        Of what the generator says.
    pinned : bool
        If each process keeps to a core of its own.
    quiet : bool
        If nothing is subscribed to: for the loading alone.
    framework_defaults : bool
        If the node keeps the framework's tick capacity and never calls ``gc.freeze``.

    Raises
    ------
    subprocess.CalledProcessError
        If the node failed.

    """
    cores = sorted(os.sched_getaffinity(0)) if pinned else []
    own, other = (cores[0], cores[-1]) if len(cores) > 1 else (None, None)
    with (
        tempfile.TemporaryDirectory(prefix="paradex-firehose-") as directory,
        generator(rate=rate, perpetuals=perpetuals, options=options, seed=seed, core=other) as urls,
    ):
        report = Path(directory) / "report.json"
        command = [sys.executable, "-m", "tests.benchmarks.firehose_node"]
        command += ["--http-url", urls["http_url"], "--ws-url", urls["ws_url"]]
        command += ["--seconds", str(seconds), "--report", str(report)]
        command += ("--quiet",) if quiet else ()
        command += ("--framework-defaults",) if framework_defaults else ()
        command += () if own is None else ("--core", str(own))
        subprocess.run(command, cwd=ROOT, check=True, timeout=seconds + _NODE_DEADLINE_S)
        log = "".join(path.read_text() for path in sorted(Path(directory).glob("*.log")))
        return msgspec.json.decode(report.read_bytes(), type=Report), log


# -- OUTPUT ----------------------------------------------------------------------------------------


def table(report: Report) -> str:
    """Return what was measured, to be read."""
    rows = [
        ("instruments", f"{report.instruments:,}"),
        ("start until every feed flows", f"{report.start_secs:.1f} s"),
        (
            "loop lag at start, own work",
            f"{report.start_lag.max_ms:.1f}, {report.start_lag.max_busy_ms:.1f} ms",
        ),
        ("longest at start (s, lag, busy)", _longest(report.start_lag)),
        ("collector at start, max ms", _line(report.start_pauses.max_ms)),
        ("rate asked for", f"{report.asked_rate:,.0f} /s"),
        ("rate sent", f"{report.rate:,.0f} /s for {report.seconds:.1f} s"),
    ]
    for template, name in NAMES.items():
        sent, received = report.sent.get(template, 0), report.received.get(template, 0)
        rows.append((f"{name} sent, received", f"{sent:,}, {received:,} ({received - sent:+,})"))
    rows += [
        ("feeds whose counts differ", f"{len(report.differing):,}"),
        ("gaps in books", f"{report.gaps:,}"),
        ("snapshots", f"{report.snapshots:,}"),
        ("disconnects as a slow reader", f"{report.slow_readers:,}"),
        ("most unread at the generator", f"{report.most_unread:,}"),
        ("most queued in the engine", f"{report.most_queued:,}"),
        ("CPU share of the node", f"{report.cpu_share:.1%}"),
        ("CPU a message", f"{report.cpu_us_per_message:.2f} us"),
        ("memory at begin and end", f"{report.rss_start_mb:.0f}, {report.rss_end_mb:.0f} MB"),
        ("generator's longest pause", f"{report.generator_pause_ms:.1f} ms"),
        *_lag_rows(report.flow_lag),
        ("collector, number", _line(report.flow_pauses.count)),
        ("collector, total ms", _line(report.flow_pauses.total_ms)),
        ("collector, max ms", _line(report.flow_pauses.max_ms)),
    ]
    return "\n".join(f"{name:32}{value}" for name, value in rows)


def _lag_rows(lag: Lag) -> list[tuple[str, str]]:
    return [
        ("loop lag max, own work of it", f"{lag.max_ms:.1f}, {lag.max_busy_ms:.1f} ms"),
        ("loop lag p99.9, p99, p50", f"{lag.p999_ms:.2f}, {lag.p99_ms:.2f}, {lag.p50_ms:.2f} ms"),
        ("loop lag histogram", _line({k: v for k, v in lag.histogram.items() if v})),
        ("longest (at s, lag, busy ms)", _longest(lag)),
    ]


def _longest(lag: Lag) -> str:
    return ", ".join(f"({at:g}, {ms:g}, {busy:g})" for at, ms, busy in lag.worst)


def _line(values: dict[str, int] | dict[str, float]) -> str:
    return ", ".join(f"{name}: {value:,}" for name, value in values.items()) or "none"


def machine() -> dict[str, str]:
    """Return what the numbers belong to."""
    names = ("nautilus_trader", "picows", "msgspec", "uvloop")
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": str(os.cpu_count()),
    } | {name: version(name) for name in names}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=50_000.0)
    parser.add_argument("--perpetuals", type=int, default=300)
    parser.add_argument("--options", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=ROOT / ".benchmarks" / "firehose.json")
    parser.add_argument("--quiet", action="store_true", help="subscribe to nothing")
    parser.add_argument(
        "--framework-defaults",
        action="store_true",
        help="keep the framework's tick capacity, and do not call gc.freeze",
    )
    arguments = parser.parse_args()
    report, log = run(
        seconds=arguments.seconds,
        rate=arguments.rate,
        perpetuals=arguments.perpetuals,
        options=arguments.options,
        seed=arguments.seed,
        quiet=arguments.quiet,
        framework_defaults=arguments.framework_defaults,
    )
    sys.stdout.write(table(report) + "\n")
    lines = log.splitlines()
    sys.stdout.write(f"{'warnings and errors':32}{len(lines)}\n")
    sys.stdout.write("".join(f"  {line}\n" for line in lines[:10]))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    body = {"machine": machine(), "report": msgspec.to_builtins(report), "log": lines[:100]}
    arguments.output.write_bytes(msgspec.json.format(msgspec.json.encode(body)))
    sys.stdout.write(f"{'written to':32}{arguments.output}\n")


if __name__ == "__main__":
    main()
