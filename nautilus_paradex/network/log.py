"""Where the network ring says what happens: the framework's loggers fit as they are."""

from typing import Protocol


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
