"""Warnings of what the venue lists and we do not know: each once, however often it is read."""

from collections.abc import Callable
from collections.abc import Iterable
from typing import Final

from nautilus_paradex.parsing.instruments import unknown_values
from nautilus_paradex.protocol.messages.markets import Market


#: Warnings that are remembered, so as not to be given again.
_MOST_REMEMBERED: Final = 10_000

#: Markets that a warning names.
_MOST_NAMED: Final = 3


class MarketWarnings:
    """
    Gives each warning once.

    Parameters
    ----------
    warn : Callable[[str], None]
        Where they go.

    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._given: set[tuple[str, str]] = set()

    def unknown(self, markets: Iterable[Market]) -> None:
        """Warn of each value that is not known, with a few of its markets; a field is a line."""
        found: dict[str, dict[str, list[str]]] = {}
        for market in markets:
            for field, value in unknown_values(market):
                if (field, value) not in self._given:
                    found.setdefault(field, {}).setdefault(value, []).append(market.symbol)
        for field, values in found.items():
            for value in values:
                self._remember(field, value)
            effect = "not loaded" if field == "asset_kind" else "loaded all the same"
            named = "; ".join(f"{value!r} of {_some(values[value])}" for value in values)
            self._warn(f"Unknown {field}, {effect}: {named}")

    def skipped(self, reasons: dict[str, str]) -> None:
        """Warn of markets that cannot be instruments; the reasons by symbol."""
        news = [text for symbol, text in reasons.items() if self._remember(symbol, text)]
        if news:
            self._warn(f"Skipped {len(news)} markets: {_some(news, '; ')}")

    def unreadable(self, reasons: list[str]) -> None:
        """Warn of rows that are not understood."""
        news = [text for text in reasons if self._remember("unreadable", text)]
        if news:
            self._warn(f"Skipped {len(news)} markets that are not understood: {_some(news, '; ')}")

    def once(self, topic: str, text: str) -> None:
        """Give a warning that was not given yet."""
        if self._remember(topic, text):
            self._warn(text)

    def _remember(self, topic: str, value: str) -> bool:
        """Return if a warning is new."""
        if (topic, value) in self._given:
            return False
        if len(self._given) >= _MOST_REMEMBERED:
            self._given.clear()
        self._given.add((topic, value))
        return True


def _some(texts: list[str], separator: str = ", ") -> str:
    more = len(texts) - _MOST_NAMED
    named = separator.join(texts[:_MOST_NAMED])
    return f"{named} and {more} more" if more > 0 else named
