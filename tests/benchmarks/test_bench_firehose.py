"""A node at the firehose, shortly and slowly: all that is sent arrives. No time is judged."""

from nautilus_paradex.simulator.firehose.feeds import Kind
from tests.benchmarks.firehose_node import DELTAS
from tests.benchmarks.firehose_node import HAS_GREEKS
from tests.benchmarks.firehose_node import QUOTES
from tests.benchmarks.firehose_node import SUMMARIES
from tests.benchmarks.firehose_node import TRADES
from tests.benchmarks.firehose_run import run
from tests.benchmarks.firehose_run import table


PERPETUALS = 20
OPTIONS = 40


def test_s9_a_node_gets_every_message_of_every_feed_and_no_book_has_a_gap() -> None:
    report, log = run(
        seconds=3.0, rate=2_000.0, perpetuals=PERPETUALS, options=OPTIONS, pinned=False
    )
    assert report.instruments == PERPETUALS + OPTIONS
    assert report.sent == report.received, report.differing
    assert not report.differing
    kinds = {TRADES, QUOTES, DELTAS, *((SUMMARIES,) if HAS_GREEKS else ())}
    assert set(report.sent) == kinds <= {str(int(kind)) for kind in Kind}
    assert min(report.sent.values()) > PERPETUALS
    assert report.gaps == 0
    assert report.snapshots == PERPETUALS
    assert report.slow_readers == 0
    assert not log
    assert "gaps in books" in table(report)
