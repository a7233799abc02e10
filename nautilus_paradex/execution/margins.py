"""
Leverage and margin mode, as the configuration wants them.

They are set before the first order, and only where they differ: somebody else may trade on the
account. A setting that the venue does not take ends the connect: sizes may have been chosen for it.
"""

from collections.abc import Mapping
from typing import Protocol

from nautilus_paradex.constants import PARADEX
from nautilus_paradex.network.log import Log
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.messages.account import AccountMargin
from nautilus_paradex.protocol.messages.account import MarginConfig
from nautilus_paradex.protocol.messages.account import MarginRequest
from nautilus_paradex.protocol.messages.account import MarginUpdate


class MarginClient(Protocol):
    """The REST calls that read and set it."""

    async def account_margin(self, market: str) -> AccountMargin:
        """Return the margin setting of a market."""

    async def set_account_margin(self, market: str, request: MarginRequest) -> MarginUpdate:
        """Set leverage and margin type of a market."""


class MarginSettings:
    """
    The account's margin settings by market.

    Parameters
    ----------
    rest : MarginClient
        REST.
    log : Log
        The room's log.
    leverages : Mapping[str, int], optional
        Leverage by symbol or instrument id.
    margin_modes : Mapping[str, str], optional
        CROSS or ISOLATED by symbol or instrument id.

    """

    def __init__(
        self,
        rest: MarginClient,
        log: Log,
        leverages: Mapping[str, int] | None = None,
        margin_modes: Mapping[str, str] | None = None,
    ) -> None:
        self._rest = rest
        self._log = log
        self._leverages = {_symbol(name): value for name, value in (leverages or {}).items()}
        self._modes = {_symbol(name): value for name, value in (margin_modes or {}).items()}

    async def apply(self) -> None:
        """
        Set what differs from what is wanted.

        Raises
        ------
        ParadexError
            If the venue refuses a setting or does not show it afterwards.

        """
        for market in sorted(self._leverages.keys() | self._modes.keys()):
            await self.set(market, self._leverages.get(market), self._modes.get(market))

    async def set(self, market: str, leverage: int | None, margin_mode: str | None) -> None:
        """
        Set a market's leverage, margin mode or both; None leaves one as it is.

        Raises
        ------
        ParadexError
            If the venue refuses it or does not show it afterwards.

        """
        held = await self._held(market)
        wanted = (leverage or held.leverage, margin_mode or held.margin_type or "CROSS")
        if not wanted[0]:
            raise ParadexError(f"{market} shows no leverage yet: set it beside its margin mode")
        if wanted == (held.leverage, held.margin_type):
            self._log.info(f"{market} has leverage {wanted[0]} and {wanted[1]} margin already")
            return
        await self._send(market, MarginRequest(leverage=wanted[0], margin_type=wanted[1]))
        now = await self._held(market)
        if (now.leverage, now.margin_type) != wanted:
            raise ParadexError(
                f"{market} shows leverage {now.leverage} and {now.margin_type} margin after "
                f"{wanted[0]} and {wanted[1]} were set"
            )
        self._log.info(
            f"{market}: leverage {held.leverage} -> {now.leverage}, margin "
            f"{held.margin_type or 'unset'} -> {now.margin_type}"
        )

    async def _send(self, market: str, request: MarginRequest) -> None:
        try:
            await self._rest.set_account_margin(market, request)
        except ParadexError as e:
            if e.outcome_unknown:
                # What the venue shows afterwards decides, whatever was answered.
                self._log.warning(f"If the margin of {market} was set is not known: {e}")
                return
            raise ParadexError(
                f"cannot set leverage {request.leverage} and {request.margin_type} margin of "
                f"{market}: {e}"
            ) from e

    async def _held(self, market: str) -> MarginConfig:
        answer = await self._rest.account_margin(market)
        for config in answer.configs:
            if config.market == market:
                return config
        return MarginConfig(market=market)


def _symbol(name: str) -> str:
    return name.removesuffix(f".{PARADEX}")
