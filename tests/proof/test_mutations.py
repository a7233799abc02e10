"""
What guards a trader's state is itself guarded: without it, a named test fails.

Each guard is taken out of a copy of the package, and its test is run against that copy.
"""

from pathlib import Path

import pytest

from tests.proof.mutations import Mutation
from tests.proof.mutations import copy_without
from tests.proof.mutations import failures_in


MUTATIONS = (
    Mutation(
        name="fills are not deduplicated",
        file="execution/following.py",
        guard="if fill.key in self._ledger:",
        instead="if False:",
        test="tests/acceptance/test_pitfalls.py::test_p19_a_fill_that_comes_twice_is_told_once",
    ),
    Mutation(
        name="a new connection is not reconciled",
        file="execution/news.py",
        guard="await self._keeping.recovery.close_gap()",
        instead="pass",
        test="tests/faults/test_outage.py::test_s4_e10_server_goes_away_while_orders_are_filled",
    ),
    Mutation(
        name="a create may be sent again",
        file="network/rest/orders.py",
        guard='idempotent=method == "DELETE",',
        instead="idempotent=True,",
        test="tests/faults/test_command_faults.py::"
        "test_e6_create_that_was_carried_out_is_never_rejected_nor_repeated",
    ),
    Mutation(
        name="a create that was written to the socket is sent by REST too",
        file="network/order_entry.py",
        guard="if e.outcome_unknown:\n                raise",
        instead="if False:\n                raise",
        test="tests/network/test_order_entry.py::"
        "test_e6_a_create_that_may_have_been_taken_is_not_sent_by_rest",
    ),
    Mutation(
        name="an absent create is rejected before its receive window has passed",
        file="execution/inflight.py",
        guard="asked_ms > deadline_ms and",
        instead="",
        test="tests/faults/test_command_faults.py::"
        "test_e6_create_that_never_arrived_is_rejected_on_proof_only",
    ),
    Mutation(
        name="book numbers are not checked",
        file="protocol/book.py",
        guard="if frame.seq == self.seq + 1:",
        instead="if True:",
        test="tests/faults/test_book_faults.py::test_s3_gap_resyncs_its_own_market_only",
    ),
    Mutation(
        name="an end does not wait for its fills",
        file="protocol/orders/tracker.py",
        guard="if missing > 0:",
        instead="if False:",
        test="tests/faults/test_frame_faults.py::test_e4_e5_whichever_channel_is_behind",
    ),
    Mutation(
        name="an order that was rejected by a reconciliation is not known to the watches",
        file="execution/reconciliation.py",
        guard='self._follow(tracker.client_id, "")',
        instead="pass",
        test="tests/faults/test_gap_windows.py::"
        "test_e4_e9_order_that_a_reconciliation_told_as_rejected_is_not_rejected_again",
    ),
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_without_its_guard_a_named_test_fails(mutation: Mutation, tmp_path: Path) -> None:
    failures_in(copy_without([mutation], tmp_path), [mutation.test], "-x")
