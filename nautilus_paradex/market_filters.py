"""Filters of markets, as users give them in a provider's config."""

from collections.abc import Collection
from typing import Any
from typing import Final

import msgspec

from nautilus_paradex.parsing.instruments import ASSET_KINDS
from nautilus_paradex.protocol.messages.markets import Market


_NAMES: Final = ("asset_kinds", "base_currencies")


class MarketFilters(msgspec.Struct, frozen=True):
    """Which markets are wanted; None is all."""

    asset_kinds: frozenset[str] | None = None
    base_currencies: frozenset[str] | None = None

    def passes(self, market: Market) -> bool:
        """If a market is wanted."""
        return (self.asset_kinds is None or market.asset_kind in self.asset_kinds) and (
            self.base_currencies is None or market.base_currency in self.base_currencies
        )

    def absent_bases(self, markets: list[Market]) -> list[str]:
        """Return the base currencies that are wanted and that no market has."""
        if not self.base_currencies:
            return []
        return sorted(self.base_currencies - {market.base_currency for market in markets})


def market_filters(given: dict[str, Any] | None) -> MarketFilters:
    """
    Return a dict of filters as what it means; a text stands for itself alone.

    Raises
    ------
    ValueError
        If there is no such filter or no such kind, or a value is not made of texts.

    """
    given = given or {}
    unknown = sorted(set(given) - set(_NAMES))
    if unknown:
        raise ValueError(f"there is no filter {', '.join(unknown)}; use {' and '.join(_NAMES)}")
    filters = MarketFilters(**{name: _texts(name, given.get(name)) for name in _NAMES})
    wrong = sorted((filters.asset_kinds or frozenset()) - ASSET_KINDS)
    if wrong:
        raise ValueError(
            f"filter asset_kinds must be of {', '.join(sorted(ASSET_KINDS))}, "
            f"not {', '.join(wrong)}"
        )
    return filters


def _texts(name: str, value: Any) -> frozenset[str] | None:
    if value is None:
        return None
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, Collection) or not all(isinstance(v, str) and v for v in values):
        raise ValueError(f"filter {name} must be texts, not {value!r}")
    return frozenset(values)
