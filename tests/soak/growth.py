"""Tells growth from noise: what a long run may take of memory, tasks and descriptors."""

from collections.abc import Mapping
from collections.abc import Sequence
from statistics import median
from typing import Final

import msgspec


#: The first part of the samples, in which caches fill.
_WARM_UP: Final = 0.25

#: What the last third may have more than the first: a part of it, and a number.
_ALLOWED: Final[Mapping[str, tuple[float, float]]] = {
    "rss_mb": (0.05, 8.0),
    "tasks": (0.0, 5.0),
    "descriptors": (0.0, 5.0),
    "timers": (0.1, 30.0),
}
_ALLOWED_OTHERS: Final = (0.2, 50.0)


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """A quantity over the run: the medians of the thirds after the warm-up."""

    thirds: tuple[float, float, float]
    most: float
    grows: bool


def trends(
    samples: Sequence[Mapping[str, float]], bounds: Mapping[str, float] | None = None
) -> dict[str, Trend]:
    """
    Return the trend of each quantity that is in the samples.

    A quantity grows when the median of its last third lies above that of the first by more than is
    allowed, and the middle one lies above the first too: a wave is no growth. One that has a bound
    may grow up to it, and never beyond.
    """
    names = sorted({name for sample in samples for name in sample})
    settled = samples[int(len(samples) * _WARM_UP) :]
    return {
        name: _trend(name, [sample.get(name, 0.0) for sample in settled], (bounds or {}).get(name))
        for name in names
    }


def _trend(name: str, values: Sequence[float], bound: float | None) -> Trend:
    third = len(values) // 3
    if not third:
        raise ValueError(f"{len(values)} samples after the warm-up are too few")
    first, middle, last = (
        median(part) for part in (values[:third], values[third:-third], values[-third:])
    )
    part, number = _ALLOWED.get(name, _ALLOWED_OTHERS)
    grows = last > first * (1 + part) + number and middle > first
    if bound is not None:
        grows = max(values) > bound
    return Trend(thirds=(first, middle, last), most=max(values), grows=grows)
