"""Where the network ring says what happens: the framework's loggers fit as they are."""

from collections.abc import Callable
from typing import Final
from typing import Protocol

from nautilus_paradex.network.timing import Timing


#: How often a failure is told in full before it is told from time to time, and how often then.
_TOLD_AT_FIRST: Final = 3
_TOLD_EVERY_SECS: Final = 300.0


class Log(Protocol):
    """What the network ring needs of a logger."""

    def debug(self, message: str, /) -> None:
        """Log what only a developer asks for."""

    def info(self, message: str, /) -> None:
        """Log what a user wants to see."""

    def warning(self, message: str, /) -> None:
        """Log what is wrong and is being dealt with."""

    def error(self, message: str, /) -> None:
        """Log what is wrong and stays so."""

    def exception(self, message: str, error: Exception, /) -> None:
        """Log an unexpected exception with its traceback."""


class NoLog:
    """A log that keeps nothing."""

    def debug(self, message: str, /) -> None:
        """Keep nothing."""

    def info(self, message: str, /) -> None:
        """Keep nothing."""

    def warning(self, message: str, /) -> None:
        """Keep nothing."""

    def error(self, message: str, /) -> None:
        """Keep nothing."""

    def exception(self, message: str, error: Exception, /) -> None:
        """Keep nothing."""


class Recurring:
    """
    Tells a failure that comes again and again while it lasts, so that hours of it fill no log.

    The first ones are told, then one in five minutes with how many there were in between; what is
    not told goes to the debug log.

    Parameters
    ----------
    tell : Callable[[str], None]
        Where it is told.
    log : Log
        Where the rest goes.
    timing : Timing
        Clock.

    """

    def __init__(self, tell: Callable[[str], None], log: Log, timing: Timing) -> None:
        self._tell = tell
        self._log = log
        self._timing = timing
        self._told = 0
        self._untold = 0
        self._due_at = 0.0

    def note(self, message: str) -> None:
        """Take notice that it happened again."""
        now = self._timing.monotonic()
        if self._told >= _TOLD_AT_FIRST and now < self._due_at:
            self._untold += 1
            self._log.debug(message)
            return
        since = f" ({self._untold} more since this was last said)" if self._untold else ""
        self._tell(message + since)
        self._told += 1
        self._untold = 0
        self._due_at = now + _TOLD_EVERY_SECS

    def over(self) -> None:
        """Take notice that it works again: the next failure is a first one."""
        self._told = self._untold = 0
