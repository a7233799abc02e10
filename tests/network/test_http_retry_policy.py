"""How long a repetition waits, and how clocks and addresses are judged."""

import pytest

from nautilus_paradex.network.address import checked_url
from nautilus_paradex.network.address import is_loopback
from nautilus_paradex.network.clock import compare
from nautilus_paradex.network.retry import RetryPolicy
from nautilus_paradex.network.retry import parse_retry_after


def test_delays_double_up_to_the_maximum_with_at_least_half_of_each_certain():
    policy = RetryPolicy(max_retries=6, initial_ms=100, max_ms=1_000)
    longest = [policy.delay(n, None, lambda: 1.0) for n in range(1, 7)]
    shortest = [policy.delay(n, None, lambda: 0.0) for n in range(1, 7)]
    assert longest == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert shortest == [delay / 2 for delay in longest]


def test_after_the_last_retry_there_is_no_other():
    policy = RetryPolicy(max_retries=2)
    assert policy.delay(2, None, lambda: 0.0) is not None
    assert policy.delay(3, None, lambda: 0.0) is None
    assert RetryPolicy(max_retries=0).delay(1, None, lambda: 0.0) is None


def test_retry_after_is_never_undercut():
    policy = RetryPolicy(initial_ms=100)
    assert policy.delay(1, 7.0, lambda: 0.0) == 7.05
    assert policy.delay(1, 0.0, lambda: 0.0) == 0.05


def test_a_venue_that_asks_for_a_very_long_pause_is_not_asked_again():
    policy = RetryPolicy(max_retry_after=60.0)
    assert policy.delay(1, 60.0, lambda: 0.0) is not None
    assert policy.delay(1, 60.1, lambda: 0.0) is None


@pytest.mark.parametrize(
    "numbers",
    [
        {"max_retries": -1},
        {"initial_ms": 0},
        {"initial_ms": 10, "max_ms": 9},
    ],
)
def test_policies_that_make_no_sense_are_refused(numbers):
    with pytest.raises(ValueError, match="retries need"):
        RetryPolicy(**numbers)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("3", 3.0),
        (" 0.5 ", 0.5),
        ("-3", None),
        ("soon", None),
        ("Mon, 21 Sep 2026 14:13:30 GMT", 10.0),
        ("Mon, 21 Sep 2026 14:13:30 -0000", 10.0),
        ("Mon, 21 Sep 2026 14:13:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header, seconds):
    assert parse_retry_after(header, 1_790_000_000_000) == seconds


def test_the_offset_is_against_the_middle_of_the_round_trip():
    sent = 1_790_000_000_000_000_000
    sample = compare(sent, sent + 40_000_000, 1_790_000_000_120)
    assert sample.offset_ms == 100
    assert sample.rtt_ms == 40.0
    assert compare(sent, sent + 40_000_000, 1_789_999_999_920).offset_ms == -100
    assert compare(sent, sent + 800_000, 1_790_000_000_000).offset_ms == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://api.prod.paradex.trade/v1",
        "wss://ws.api.prod.paradex.trade/v1",
        "http://127.0.0.1:8080/v1",
        "http://127.9.9.9/v1",
        "http://localhost:1/v1",
        "ws://[::1]:8080/v1",
    ],
)
def test_encrypted_and_loopback_addresses_are_safe(url):
    assert checked_url(f"{url}/") == url


@pytest.mark.parametrize(
    "url",
    [
        "http://api.prod.paradex.trade/v1",
        "ws://10.0.0.5:8080/v1",
        "http://localhost.example.com/v1",
        "http://127.0.0.1.example.com/v1",
    ],
)
def test_plain_text_to_other_machines_needs_an_explicit_word(url):
    with pytest.raises(ValueError, match="not encrypted"):
        checked_url(url)
    assert checked_url(url, allow_insecure=True) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.prod.paradex.trade",
        "ftp://127.0.0.1/",
        "https:///v1",
        "https://key:hush@127.0.0.1/v1",
        "https://hush@127.0.0.1/v1",
        "https://127.0.0.1/v1?hush=1",
        "https://127.0.0.1/v1#hush",
        "http://127.0.0.1:hush/v1",
        "http://[::1/v1",
    ],
)
def test_addresses_that_are_none_or_carry_credentials_are_refused_without_repeating_them(url):
    with pytest.raises(ValueError, match="base URL") as caught:
        checked_url(url, allow_insecure=True)
    assert "hush" not in str(caught.value)


def test_loopback_is_this_machine_only():
    assert is_loopback("::1")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("example.com")
