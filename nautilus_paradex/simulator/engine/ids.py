"""Ids and sequence numbers, in the venue's forms (PROTOCOL 4.3)."""

from random import Random


class Ids:
    """
    Counters for ids and sequence numbers; everything they give is unique and rises.

    Parameters
    ----------
    rng : random.Random
        Source of transaction hashes.

    """

    __slots__ = ("_counter", "_rng", "last_seq")

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._counter = 200_000_000_000_000
        self.last_seq = 0
        """The last number given; queries show it, so that asking changes nothing."""

    def next_id(self, now_us: int) -> str:
        """Return 28 digits: 13 of milliseconds and 15 of a counter."""
        self._counter += 1
        return f"{now_us // 1000:013d}{self._counter:015d}"

    def next_seq(self, now_us: int) -> int:
        """Return a number like a UNIX nanosecond time, above all earlier ones."""
        seq = now_us * 1000
        if seq <= self.last_seq:
            seq = self.last_seq + 1
        self.last_seq = seq
        return seq

    def next_hash(self) -> str:
        """Return a transaction hash."""
        return hex(self._rng.getrandbits(250))
