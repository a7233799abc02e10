"""What the soak calls growth, and what it sees of an object."""

from collections import deque
from random import Random

import pytest

from nautilus_paradex.network.requests import PendingRequests
from nautilus_paradex.network.subscriptions import Subscriptions
from nautilus_paradex.protocol.orders import FillLedger
from tests.soak.growth import trends
from tests.soak.sizes import sizes


def rows(*values):
    return [{"rss_mb": value} for value in values]


def test_what_grows_slowly_and_steadily_grows():
    noise = Random(1)
    samples = rows(*(300 + n * 0.1 + noise.uniform(-5, 5) for n in range(600)))
    assert trends(samples)["rss_mb"].grows


def test_noise_peaks_and_waves_are_no_growth():
    noise = Random(1)
    samples = rows(*(300 + noise.uniform(-20, 20) for _ in range(600)))
    samples[100]["rss_mb"] = 900.0
    assert not trends(samples)["rss_mb"].grows
    wave = rows(*(300 + 30 * (n % 50) / 50 for n in range(600)))
    assert not trends(wave)["rss_mb"].grows


def test_what_fills_at_first_and_then_stays_is_no_growth():
    samples = rows(*(100 + min(n, 120) for n in range(600)))
    assert not trends(samples)["rss_mb"].grows


def test_a_descriptor_that_is_kept_at_each_reconnect_is_seen():
    samples = [{"descriptors": 30.0 + n // 20} for n in range(400)]
    trend = trends(samples)["descriptors"]
    assert trend.grows
    assert trend.most == 49


def test_what_has_a_bound_may_grow_up_to_it_and_never_beyond():
    samples = [{"kept": float(n)} for n in range(400)]
    assert trends(samples)["kept"].grows
    assert not trends(samples, {"kept": 399})["kept"].grows
    assert trends(samples, {"kept": 398})["kept"].grows


def test_too_few_samples_prove_nothing():
    with pytest.raises(ValueError, match="too few"):
        trends(rows(1.0, 2.0))


def test_sizes_are_seen_in_every_object_of_the_adapter_below_another():
    ledger, subscriptions = FillLedger(), Subscriptions()
    for n in range(7):
        ledger.add(("FILL", str(n)))
    requests = PendingRequests()
    requests.ledger, requests.more = ledger, deque([subscriptions])
    found = sizes(requests)
    assert found["FillLedger._keys"] == 7
    assert found["PendingRequests.more"] == 1
    assert "Subscriptions._states" in found
