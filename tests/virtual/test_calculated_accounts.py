"""Accounts that the framework calculates beside the venue (E11)."""

from pathlib import Path

from tests.processes import in_a_process_of_its_own


def test_e11_balances_are_the_venues_where_the_framework_calculates_its_own() -> None:
    in_a_process_of_its_own(Path(__file__).with_name("calculated_accounts.py"), passed=4)
