"""
The account's market-maker protection (PROTOCOL 4.2).

The venue cancels an account's protected orders of a base asset when their fills exceed a limit
within a window, and refuses new ones while it is frozen. Nothing is followed before somebody cares:
by a call, or by the first order with the flag.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from nautilus_paradex.execution.protection_terms import protection_request
from nautilus_paradex.execution.protection_terms import terms_text
from nautilus_paradex.execution.protection_watch import ProtectionWatch
from nautilus_paradex.parsing.protection import CONFIG_UPDATED
from nautilus_paradex.parsing.protection import RESET
from nautilus_paradex.parsing.protection import parse_protection
from nautilus_paradex.parsing.protection import removed_protection
from nautilus_paradex.parsing.protection import thawed_protection
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.types import ParadexMarketMakerProtection


class MarketMakerProtection(ProtectionWatch):
    """
    The protection of an account by base asset: a perpetual and its dated options together.

    The parameters are those of `ProtectionWatch`. Every call starts to follow the protection.
    """

    async def read(self, base_asset: str | None = None) -> list[ParadexMarketMakerProtection]:
        """
        Read the protection of a base asset, or of all; what has changed is published.

        Raises
        ------
        ParadexError
            If it cannot be read.

        """
        await self.follow()
        await self._read(base_asset)
        return [state for name, state in sorted(self._states.items()) if base_asset in (None, name)]

    async def set(
        self,
        base_asset: str,
        *,
        interval_ms: int,
        frozen_time_ms: int,
        size_limit: Decimal | str | int = 0,
        delta_limit: Decimal | str | int = 0,
        vega_limit: Decimal | str | int = 0,
        protect_block_trades: bool | None = None,
    ) -> ParadexMarketMakerProtection:
        """
        Replace the protection of a base asset.

        Parameters
        ----------
        base_asset : str
            Such as ``BTC``; it needs a perpetual or dated options.
        interval_ms : int
            Length of the sliding window, 100 to 3,600,000.
        frozen_time_ms : int
            How long a trip freezes, 0 to 3,600,000; 0 is until `reset`.
        size_limit : Decimal | str | int, default 0
            Trips when the sum of the fills' sizes exceeds it, base units. Limits are multiples of
            0.0001, 0 is off, and one at least must be on.
        delta_limit : Decimal | str | int, default 0
            Trips when the absolute net delta of the fills exceeds it, base units.
        vega_limit : Decimal | str | int, default 0
            Trips when the absolute net vega of the fills of dated options exceeds it, USD.
        protect_block_trades : bool, optional
            If the maker legs of block trades count too; None leaves it as it is.

        Raises
        ------
        EncodeError
            If the settings cannot be meant; nothing was sent.
        ParadexError
            If the venue refuses them (MMP_NOT_ENABLED: it has to enable the account first).

        """
        limits = {
            "size_limit": size_limit,
            "delta_limit": delta_limit,
            "vega_limit": vega_limit,
        }
        request = protection_request(interval_ms, frozen_time_ms, limits, protect_block_trades)
        await self.follow()
        if self.state(base_asset) is None:
            # The answer does not tell if it is frozen.
            await self._read(base_asset)
        mark = self._event_count
        with self._read_if_unknown():
            config = await self._rest.set_mmp(base_asset, request)
        self._log.info(f"[MMP] Paradex protects {base_asset}: {terms_text(request)}")
        before = self._states.get(base_asset)
        state = parse_protection(
            base_asset, config, before, self._account_id, CONFIG_UPDATED, self._now_ns()
        )
        if self._is_unheard(base_asset, mark):
            self._take(state)
        return state

    async def reset(self, base_asset: str | None = None) -> list[str]:
        """
        End the freeze and empty the window of a base asset, or of all; return which were reset.

        Raises
        ------
        ParadexError
            If the venue refuses it: MMP_MIN_FREEZE_NOT_ELAPSED in the first second of a freeze.
            Of a reset of all, the base assets that its text names may have been reset.

        """
        await self.follow()
        mark = self._event_count
        try:
            with self._read_if_unknown():
                rows = await self._rest.reset_mmp(base_asset)
        except VenueError:
            if base_asset is None:
                self._refresh_soon()
            raise
        done = [row.base_asset for row in rows]
        self._log.info(f"[MMP] Paradex reset {', '.join(done) or 'nothing'}")
        for name in done:
            if self._is_unheard(name, mark):
                before = self._states.get(name)
                now_ns = self._now_ns()
                self._take(thawed_protection(name, before, self._account_id, RESET, now_ns))
        return done

    async def disable(self, base_asset: str) -> None:
        """
        Switch the protection of a base asset off; the venue cancels its protected orders.

        Raises
        ------
        ParadexError
            If the venue refuses it.

        """
        await self.follow()
        mark = self._event_count
        with self._read_if_unknown():
            await self._rest.delete_mmp(base_asset)
        self._log.info(f"[MMP] Paradex protects {base_asset} no longer")
        if self._is_unheard(base_asset, mark):
            now_ns = self._now_ns()
            self._take(removed_protection(base_asset, self._account_id, CONFIG_UPDATED, now_ns))

    @contextmanager
    def _read_if_unknown(self) -> Iterator[None]:
        """Have the protection read if it is not known what became of a request."""
        try:
            yield
        except ParadexError as e:
            if e.outcome_unknown:
                self._refresh_soon()
            raise
