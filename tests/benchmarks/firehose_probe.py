"""What a benchmark looks at inside a process: lag of the loop, pauses of the collector, cost."""

import asyncio
import gc
import os
import resource
import time
from typing import Any
from typing import Final

import msgspec


_PERIOD_S: Final = 0.001
#: Upper bounds of the histogram, milliseconds.
_BOUNDS: Final = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """How late the loop was, milliseconds."""

    samples: int
    max_ms: float
    max_busy_ms: float
    """The same of the processor time that the loop's thread itself took: without neighbours."""
    p999_ms: float
    p99_ms: float
    p50_ms: float
    histogram: dict[str, int]
    """How many samples were below each bound, and above the one before."""
    worst: list[tuple[float, float, float]]
    """(second since the probe started, lag, busy) of the five longest."""


class LoopProbe:
    """Asks the running loop to be called every millisecond, and notes how late it was."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lags: list[tuple[float, float, float]] = []
        self._began = time.perf_counter()
        self._due = self._began + _PERIOD_S
        self._busy = time.thread_time()
        self._handle = self._loop.call_later(_PERIOD_S, self._tick)

    def _tick(self) -> None:
        now, busy = time.perf_counter(), time.thread_time()
        lag = max(0.0, now - self._due) * 1_000
        self._lags.append((now - self._began, lag, min(lag, (busy - self._busy) * 1_000)))
        self._due, self._busy = now + _PERIOD_S, busy
        self._handle = self._loop.call_later(_PERIOD_S, self._tick)

    def stop(self) -> Lag:
        """Return what was seen."""
        self._handle.cancel()
        # A look that is shorter than a period sees no lag.
        lags = sorted(lag for _, lag, _ in self._lags) or [0.0]
        histogram = dict.fromkeys([f"< {bound:g} ms" for bound in _BOUNDS] + ["more"], 0)
        for lag in lags:
            bound = next((f"< {bound:g} ms" for bound in _BOUNDS if lag < bound), "more")
            histogram[bound] += 1
        worst = sorted(self._lags, key=lambda row: -row[1])[:5]
        return Lag(
            samples=len(lags),
            max_ms=lags[-1],
            max_busy_ms=max((busy for _, _, busy in self._lags), default=0.0),
            p999_ms=lags[int(len(lags) * 0.999)],
            p99_ms=lags[int(len(lags) * 0.99)],
            p50_ms=lags[len(lags) // 2],
            histogram=histogram,
            worst=[(round(at, 3), round(lag, 3), round(busy, 3)) for at, lag, busy in worst],
        )


class Pauses(msgspec.Struct, frozen=True, kw_only=True):
    """What the garbage collector took, by generation."""

    count: dict[str, int]
    total_ms: dict[str, float]
    max_ms: dict[str, float]


class CollectorProbe:
    """Times the garbage collector."""

    def __init__(self) -> None:
        self._pauses: dict[str, list[float]] = {}
        self._began = 0.0
        gc.callbacks.append(self._note)

    def _note(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            pause = (time.perf_counter() - self._began) * 1_000
            self._pauses.setdefault(str(info["generation"]), []).append(pause)

    def stop(self) -> Pauses:
        """Return what was seen."""
        gc.callbacks.remove(self._note)
        rows = sorted(self._pauses.items())
        return Pauses(
            count={name: len(pauses) for name, pauses in rows},
            total_ms={name: round(sum(pauses), 3) for name, pauses in rows},
            max_ms={name: round(max(pauses), 3) for name, pauses in rows},
        )


def rss_mb() -> float:
    """Return the resident memory of this process, MB."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_s() -> float:
    """Return the processor seconds of this process, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
