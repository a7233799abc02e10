"""Market-maker protection at work: which orders it takes, what trips it (PROTOCOL 4.2, 5.3)."""

from decimal import Decimal

from nautilus_paradex.simulator.engine.accounts import Account
from nautilus_paradex.simulator.engine.arithmetic import ONE
from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.greeks import greeks
from nautilus_paradex.simulator.engine.greeks import implied_volatility
from nautilus_paradex.simulator.engine.greeks import terms_of
from nautilus_paradex.simulator.engine.listing import Market
from nautilus_paradex.simulator.engine.model import AssetKind
from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import ProtectionChanged
from nautilus_paradex.simulator.engine.model import ProtectionNews
from nautilus_paradex.simulator.engine.model import ProtectionTrip
from nautilus_paradex.simulator.engine.model import Refusal
from nautilus_paradex.simulator.engine.orders import LiveOrder
from nautilus_paradex.simulator.engine.placing import close
from nautilus_paradex.simulator.engine.protection import FROZEN_TIME_MS
from nautilus_paradex.simulator.engine.protection import INTERVAL_MS
from nautilus_paradex.simulator.engine.protection import LIMIT_INCREMENT
from nautilus_paradex.simulator.engine.protection import Exposure
from nautilus_paradex.simulator.engine.protection import Protection
from nautilus_paradex.simulator.engine.protection import ProtectionSettings
from nautilus_paradex.simulator.engine.protection import ProtectionState


_PARAMETER = "INVALID_REQUEST_PARAMETER"
_KINDS = (AssetKind.PERP, AssetKind.OPTION)


# -- ORDERS ----------------------------------------------------------------------------------------


def refusal_of(core: Core, order: LiveOrder) -> CancelReason:
    """Return why a protected order must not enter the book, or NONE."""
    if not order.mmp:
        return CancelReason.NONE
    protection = core.protections.get(order.account.address, order.market.spec.base_currency)
    if protection is None:
        return CancelReason.MMP_NOT_CONFIGURED
    _thaw_if_due(core, protection)
    if protection.is_frozen:
        return CancelReason.MMP_FROZEN
    if _sensitivities(core, order.market) is None:
        return CancelReason.MMP_GREEKS_UNAVAILABLE
    return CancelReason.NONE


def count_fill(core: Core, order: LiveOrder, size: Decimal, busy: LiveOrder) -> bool:
    """
    Count the fill of an order; return if it tripped the protection of its account.

    A trip closes the account's other protected orders of the base asset. The order that is being
    matched (`busy`) is in no book: its own end is its caller's.
    """
    if not order.mmp:
        return False
    market, account = order.market, order.account
    protection = core.protections.get(account.address, market.spec.base_currency)
    if protection is None or protection.is_frozen:
        return False
    sensitivities = _sensitivities(core, market)
    signed = size if order.is_buy else -size
    delta, vega = sensitivities or (ZERO, ZERO)
    fill = Exposure(size=size, delta=signed * delta, vega=signed * vega)
    reason = protection.count(fill, core.now_us)
    if sensitivities is None:
        reason = ProtectionTrip.INVALID_FILL
    if reason is None:
        return False
    protection.freeze(core.now_us)
    _close_orders(core, account, market.spec.base_currency, CancelReason.MMP_TRIGGERED, busy)
    _announce(core, protection, ProtectionNews.TRIGGERED, reason, market)
    return True


def _sensitivities(core: Core, market: Market) -> tuple[Decimal, Decimal] | None:
    """Return delta and vega of one base unit; None where they cannot be told."""
    if market.spec.asset_kind is AssetKind.PERP:
        return ONE, ZERO
    if market.spec.asset_kind is not AssetKind.OPTION or not market.underlying:
        return None
    terms = terms_of(market.spec, market.underlying, core.now_us)
    iv = implied_volatility(terms, market.mark)
    if iv is None:
        return None
    values = greeks(terms, iv)
    return values.delta, values.vega


def _close_orders(
    core: Core,
    account: Account,
    base_asset: str,
    reason: CancelReason,
    busy: LiveOrder | None = None,
) -> None:
    for order in list(account.live.values()):
        is_protected = order.mmp and order.market.spec.base_currency == base_asset
        if is_protected and order is not busy and order.id in order.market.resting:
            close(core, order, reason)


def _announce(
    core: Core,
    protection: Protection,
    kind: ProtectionNews,
    trip_reason: ProtectionTrip | None = None,
    market: Market | None = None,
) -> None:
    if core.accounts[protection.account].announce:
        core.emit(
            ProtectionChanged(
                state=protection.state(core.now_us),
                kind=kind,
                trip_reason=trip_reason,
                trigger_market="" if market is None else market.symbol,
            )
        )


# -- TIME ------------------------------------------------------------------------------------------


def pass_time(core: Core) -> None:
    """End the freezes that are over."""
    for protection in core.protections.all():
        protection.forget(core.now_us)
        _thaw_if_due(core, protection)


def _thaw_if_due(core: Core, protection: Protection) -> None:
    if protection.is_due(core.now_us):
        protection.clear()
        _announce(core, protection, ProtectionNews.UNFROZEN)


# -- SETTINGS --------------------------------------------------------------------------------------


class ProtectionDesk:
    """
    Where accounts set their market-maker protection up.

    Parameters
    ----------
    core : Core
        The engine's state.

    """

    def __init__(self, core: Core) -> None:
        self._core = core

    def allow(self, account: str, *, on: bool = True) -> None:
        """Let an account use protection, or no longer; what it has set stays in force then."""
        allowed = self._core.protections.allowed
        (allowed.add if on else allowed.discard)(self._core.account(account).address)

    def is_allowed(self, account: str) -> bool:
        """Return if an account may use protection."""
        return self._core.account(account).address in self._core.protections.allowed

    def configure(
        self, account: str, base_asset: str, settings: ProtectionSettings
    ) -> ProtectionState:
        """
        Replace the protection of a base asset; a freeze and the window stay as they are.

        Raises
        ------
        Refusal
            MMP_NOT_ENABLED, or INVALID_REQUEST_PARAMETER for settings that the venue does not take.

        """
        core = self._core
        core.tick()
        address = core.account(account).address
        self._require_allowed(address)
        _check(core, base_asset, settings)
        protection = core.protections.get(address, base_asset)
        if protection is None:
            protection = Protection(address, base_asset, settings, core.now_us)
            core.protections.put(protection)
        else:
            protection.change(settings, core.now_us)
        _announce(core, protection, ProtectionNews.CONFIG_UPDATED)
        return protection.state(core.now_us)

    def remove(self, account: str, base_asset: str) -> None:
        """Switch the protection of a base asset off, its orders with it (MMP_DISABLED)."""
        core = self._core
        core.tick()
        owner = core.account(account)
        protection = core.protections.remove(owner.address, base_asset)
        if protection is None:
            return
        _close_orders(core, owner, base_asset, CancelReason.MMP_DISABLED)
        protection.updated_us = core.now_us
        _announce(core, protection, ProtectionNews.REMOVED)
        core.finish()

    def reset(self, account: str, base_asset: str | None = None) -> list[str]:
        """
        End the freeze and empty the window of one base asset or all; return which.

        Raises
        ------
        Refusal
            MMP_NOT_ENABLED; MMP_MIN_FREEZE_NOT_ELAPSED in the first second of a freeze: where all
            were meant, the others are reset nevertheless.

        """
        core = self._core
        core.tick()
        address = core.account(account).address
        self._require_allowed(address)
        rows = core.protections.of(address)
        wanted = [row for row in rows if base_asset in (None, row.base_asset)]
        ready = [row for row in wanted if row.may_reset(core.now_us)]
        for protection in ready:
            protection.clear()
            _announce(core, protection, ProtectionNews.RESET)
        done = [row.base_asset for row in ready]
        early = [row.base_asset for row in wanted if row not in ready]
        if early:
            text = f"minimum freeze has not elapsed for {', '.join(early)}"
            if done:
                text += f"; reset: {', '.join(done)}"
            raise Refusal("MMP_MIN_FREEZE_NOT_ELAPSED", text)
        return done

    def states(self, account: str, base_asset: str | None = None) -> list[ProtectionState]:
        """Return an account's protections by base asset, or that of one."""
        core = self._core
        address = core.account(account).address
        now_us = core.tick()
        return [
            row.state(now_us)
            for row in core.protections.of(address)
            if base_asset in (None, row.base_asset)
        ]

    def _require_allowed(self, address: str) -> None:
        if address not in self._core.protections.allowed:
            raise Refusal("MMP_NOT_ENABLED", "MMP is not enabled for this account")


def _check(core: Core, base_asset: str, settings: ProtectionSettings) -> None:
    kinds = {
        market.spec.asset_kind
        for market in core.markets.values()
        if market.spec.base_currency == base_asset
    }
    if not kinds.intersection(_KINDS):
        raise Refusal(_PARAMETER, f"base_asset: {base_asset} has no dated option or perpetual")
    for name, value, (low, high) in (
        ("interval_ms", settings.interval_ms, INTERVAL_MS),
        ("frozen_time_ms", settings.frozen_time_ms, FROZEN_TIME_MS),
    ):
        if not low <= value <= high:
            raise Refusal(_PARAMETER, f"{name}: must be between {low} and {high}")
    limits = {
        "size_limit": settings.size_limit,
        "delta_limit": settings.delta_limit,
        "vega_limit": settings.vega_limit,
    }
    for name, limit in limits.items():
        if not limit.is_finite() or limit < ZERO or limit % LIMIT_INCREMENT:
            raise Refusal(_PARAMETER, f"{name}: must be a multiple of {LIMIT_INCREMENT}")
    on = {name for name, limit in limits.items() if limit}
    if not on:
        raise Refusal(_PARAMETER, "at least one limit must be greater than 0")
    if on == {"vega_limit"} and AssetKind.OPTION not in kinds:
        raise Refusal(_PARAMETER, f"vega_limit: {base_asset} has no dated option")
