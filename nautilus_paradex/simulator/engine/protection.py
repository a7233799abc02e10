"""
Market-maker protection of an account's base asset: limits, window, freeze (PROTOCOL 4.2).

What the SDK states is kept: what a limit sums, that it must be exceeded, what a reset needs. What
it leaves open is assumed: only fills of orders with the flag count, as maker or taker; the end of a
freeze empties the window; a new configuration keeps both.
"""

from collections import deque
from decimal import Decimal
from typing import Final
from typing import NamedTuple

import msgspec

from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.enums import ProtectionTrip


INTERVAL_MS: Final = (100, 3_600_000)
FROZEN_TIME_MS: Final = (0, 3_600_000)
LIMIT_INCREMENT: Final = Decimal("0.0001")
#: A freeze lasts at least so long, so that the cancels can catch up.
SHORTEST_FREEZE_US: Final = 1_000_000


class ProtectionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What protects a base asset; a limit of 0 is off."""

    interval_ms: int
    """Length of the sliding window."""
    frozen_time_ms: int
    """How long a trip freezes; 0 is until a reset."""
    size_limit: Decimal = ZERO
    """Of the sum of the fills' sizes, base units."""
    delta_limit: Decimal = ZERO
    """Of the absolute net delta of the fills, base units."""
    vega_limit: Decimal = ZERO
    """Of the absolute net vega of the fills of dated options, USD."""
    protect_block_trades: bool = False
    """Kept and shown; block trades have no maker here, so none of them counts."""


class Exposure(NamedTuple):
    """What fills sum up to."""

    size: Decimal
    delta: Decimal
    vega: Decimal


class ProtectionState(msgspec.Struct, frozen=True, kw_only=True):
    """The protection of an account's base asset as it is now."""

    account: str
    base_asset: str
    settings: ProtectionSettings
    updated_us: int
    is_frozen: bool
    frozen_until_us: int
    """0 until a reset, and where nothing is frozen."""
    window: Exposure


class Protection:
    """
    The protection of an account's base asset.

    Parameters
    ----------
    account, base_asset : str
        Whose and of what.
    settings : ProtectionSettings
        Its limits.
    now_us : int
        The time, UNIX microseconds.

    """

    def __init__(
        self, account: str, base_asset: str, settings: ProtectionSettings, now_us: int
    ) -> None:
        self.account = account
        self.base_asset = base_asset
        self.settings = settings
        self.updated_us = now_us
        self.frozen_at_us: int | None = None
        self.frozen_until_us = 0
        self._fills: deque[tuple[int, Exposure]] = deque()

    @property
    def is_frozen(self) -> bool:
        """If it takes no orders."""
        return self.frozen_at_us is not None

    def change(self, settings: ProtectionSettings, now_us: int) -> None:
        """Replace the limits."""
        self.settings = settings
        self.updated_us = now_us

    def count(self, fill: Exposure, now_us: int) -> ProtectionTrip | None:
        """Count a fill; return which limit the window is beyond now."""
        self._fills.append((now_us, fill))
        window, limits = self.window(now_us), self.settings
        for value, limit, reason in (
            (window.size, limits.size_limit, ProtectionTrip.SIZE),
            (abs(window.delta), limits.delta_limit, ProtectionTrip.DELTA),
            (abs(window.vega), limits.vega_limit, ProtectionTrip.VEGA),
        ):
            if limit and value > limit:
                return reason
        return None

    def window(self, now_us: int) -> Exposure:
        """Return the sums of the fills that are not older than the interval."""
        start_us = now_us - self.settings.interval_ms * 1000
        recent = [fill for filled_us, fill in self._fills if filled_us > start_us]
        return Exposure(
            size=sum((fill.size for fill in recent), ZERO),
            delta=sum((fill.delta for fill in recent), ZERO),
            vega=sum((fill.vega for fill in recent), ZERO),
        )

    def freeze(self, now_us: int) -> None:
        """Take no orders for as long as the settings say."""
        self.frozen_at_us = now_us
        frozen_us = self.settings.frozen_time_ms * 1000
        self.frozen_until_us = now_us + frozen_us if frozen_us else 0

    def clear(self) -> None:
        """Take orders again, with an empty window."""
        self.frozen_at_us = None
        self.frozen_until_us = 0
        self._fills.clear()

    def is_due(self, now_us: int) -> bool:
        """Return if a freeze has ended by time."""
        return self.is_frozen and 0 < self.frozen_until_us <= now_us

    def may_reset(self, now_us: int) -> bool:
        """Return if a reset comes late enough after the freeze began."""
        return self.frozen_at_us is None or now_us - self.frozen_at_us >= SHORTEST_FREEZE_US

    def forget(self, now_us: int) -> None:
        """Drop the fills that have left the window for good: no interval is longer."""
        start_us = now_us - INTERVAL_MS[1] * 1000
        while self._fills and self._fills[0][0] <= start_us:
            self._fills.popleft()

    def state(self, now_us: int) -> ProtectionState:
        """Return the protection as it is now."""
        return ProtectionState(
            account=self.account,
            base_asset=self.base_asset,
            settings=self.settings,
            updated_us=self.updated_us,
            is_frozen=self.is_frozen,
            frozen_until_us=self.frozen_until_us,
            window=self.window(now_us),
        )


class Protections:
    """All protections, and which accounts may have one."""

    def __init__(self) -> None:
        self.allowed: set[str] = set()
        self._by_account: dict[str, dict[str, Protection]] = {}

    def get(self, account: str, base_asset: str) -> Protection | None:
        """Return a protection, or None where there is none."""
        return self._by_account.get(account, {}).get(base_asset)

    def of(self, account: str) -> list[Protection]:
        """Return an account's protections by base asset."""
        return [row for _, row in sorted(self._by_account.get(account, {}).items())]

    def all(self) -> list[Protection]:
        """Return every protection."""
        return [row for rows in self._by_account.values() for row in rows.values()]

    def put(self, protection: Protection) -> None:
        """Keep a protection."""
        self._by_account.setdefault(protection.account, {})[protection.base_asset] = protection

    def remove(self, account: str, base_asset: str) -> Protection | None:
        """Drop a protection and return it."""
        return self._by_account.get(account, {}).pop(base_asset, None)
