"""Which fills have been counted, across stream, polling, reconnects and reconciliation (E5)."""

from collections import OrderedDict
from typing import Final


#: Far above the fills that can be in doubt at once; bounded so that memory does not grow.
DEFAULT_CAPACITY: Final = 100_000


class FillLedger:
    """
    The keys of the fills that were counted, oldest forgotten first.

    Parameters
    ----------
    capacity : int
        The most keys to keep.

    """

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        self._keys: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._capacity = capacity

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._keys

    def add(self, key: tuple[str, str]) -> bool:
        """Count a fill; return False if it was counted before."""
        if key in self._keys:
            return False
        self._keys[key] = None
        if len(self._keys) > self._capacity:
            self._keys.popitem(last=False)
        return True
