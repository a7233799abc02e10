"""Questions, settings and algo orders, which go by REST, under every HTTP fault (E6, E7, E16)."""

import asyncio
import random
from collections.abc import Awaitable
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from typing import Final

import msgspec
import pytest
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import AccountState
from nautilus_trader.model.events import OrderCancelRejected
from nautilus_trader.model.events import OrderRejected
from nautilus_trader.model.events import OrderSubmitted
from nautilus_trader.model.orders import Order

from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator import faults
from tests.acceptance.node import ETH
from tests.acceptance.node import until
from tests.acceptance.test_twap import told_differences
from tests.acceptance.test_twap import twap
from tests.faults.command_cells import QUERY_DEADLINE_S
from tests.faults.command_cells import WINDOW_S
from tests.faults.command_troubles import REST
from tests.faults.command_troubles import TROUBLES
from tests.faults.command_troubles import Trouble
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell
from tests.virtual.stories import until_healthy


_EXECUTION: Final = {"recv_window_ms": int(WINDOW_S * 1000)}
_POLL_S: Final = 0.25
#: A request that may be repeated is, with the client's timeout each time.
_CALL_LIMIT_S: Final = 4 * QUERY_DEADLINE_S


async def troubled(at: VirtualSession, trouble: Trouble, method: str, path: str) -> None:
    armed = trouble.arm(at, method, path)
    if asyncio.iscoroutine(armed):
        await armed


async def calm(at: VirtualSession, trouble: Trouble) -> None:
    at.venue.faults.clear()
    if trouble.afterwards is not None:
        await trouble.afterwards(at)
    await until_healthy(at)


# -- CALLS -----------------------------------------------------------------------------------------


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call of the client's own, which returns or raises."""

    name: str
    method: str
    path: str
    make: Callable[[VirtualSession, int], Awaitable[Any]]
    """Makes the call; the number is another each time."""
    holds: Callable[[VirtualSession, int], Awaitable[bool]]
    """Tells if the venue has what the call wants."""
    prepare: Callable[[VirtualSession, int], Awaitable[None]]


async def _nothing(_: VirtualSession, __: int) -> None:
    pass


def _leverage(k: int) -> int:
    return 2 + k % 9


async def _set_margin(at: VirtualSession, k: int) -> None:
    await at.node.execution.set_margin(ETH, leverage=_leverage(k), margin_mode="CROSS")


async def _has_margin(at: VirtualSession, k: int) -> bool:
    answer = await at.node.execution._rest.account_margin(ETH.symbol.value)
    return [c.leverage for c in answer.configs if c.market == ETH.symbol.value] == [_leverage(k)]


def _limit(k: int) -> Decimal:
    return Decimal(1 + k % 50)


async def _protect(at: VirtualSession, k: int) -> None:
    await at.node.execution.protection.set(
        "ETH", interval_ms=60_000, frozen_time_ms=0, size_limit=_limit(k)
    )


def _protections(at: VirtualSession) -> list[Any]:
    return list(at.venue.exchange._core.protections.of(at.account))


async def _is_protected(at: VirtualSession, k: int) -> bool:
    return [Decimal(p.settings.size_limit) for p in _protections(at)] == [_limit(k)]


async def _disable(at: VirtualSession, _: int) -> None:
    await at.node.execution.protection.disable("ETH")


async def _is_bare(at: VirtualSession, _: int) -> bool:
    return not _protections(at)


async def _read(at: VirtualSession, _: int) -> None:
    await at.node.execution.protection.read("ETH")


async def _always(_: VirtualSession, __: int) -> bool:
    return True


async def _trip(at: VirtualSession, k: int) -> None:
    """Have the protection frozen, for more than its first second."""
    await at.node.execution.protection.set(
        "ETH", interval_ms=1_000, frozen_time_ms=0, size_limit="0.1"
    )
    side, other, price = (BUY, "SELL", "2490") if k % 2 else (SELL, "BUY", "2510")
    quote = at.desk.order_factory.limit(
        ETH,
        side,
        at.desk.instrument.make_qty(Decimal("0.5")),
        at.desk.instrument.make_price(Decimal(price)),
    )
    at.desk.submit_order(quote, params={"mmp": True})
    await until(lambda: quote.status == OrderStatus.ACCEPTED, "the quote rests")
    at.rival.place(other, "0.3", price, "IOC")
    await until(lambda: quote.is_closed, "the protection trips")
    await asyncio.sleep(2.0)


async def _reset(at: VirtualSession, _: int) -> None:
    await at.node.execution.protection.reset("ETH")


async def _is_thawed(at: VirtualSession, _: int) -> bool:
    answer = await at.node.execution._rest.mmp("ETH")
    return not any(config.is_frozen for config in answer.results)


CALLS: Final = {
    call.name: call
    for call in (
        Call(
            name="set margin",
            method="POST",
            path="/account/margin/",
            make=_set_margin,
            holds=_has_margin,
            prepare=_nothing,
        ),
        Call(
            name="set margin, read",
            method="GET",
            path="/account/margin",
            make=_set_margin,
            holds=_has_margin,
            prepare=_nothing,
        ),
        Call(
            name="protect",
            method="POST",
            path="/account/mmp/ETH",
            make=_protect,
            holds=_is_protected,
            prepare=_nothing,
        ),
        Call(
            name="disable",
            method="DELETE",
            path="/account/mmp/ETH",
            make=_disable,
            holds=_is_bare,
            prepare=_protect,
        ),
        Call(
            name="read",
            method="GET",
            path="/account/mmp",
            make=_read,
            holds=_always,
            prepare=_nothing,
        ),
        Call(
            name="reset",
            method="POST",
            path="/account/mmp/reset",
            make=_reset,
            holds=_is_thawed,
            prepare=_trip,
        ),
    )
}


async def call_under(at: VirtualSession, call: Call, trouble: Trouble, k: int) -> None:
    """Make a call; a return proves that it was carried out, a refusal that it was not."""
    await call.prepare(at, k - 1)
    await troubled(at, trouble, call.method, call.path)
    began_s = at.loop.time()
    error: ParadexError | None = None
    try:
        async with asyncio.timeout(_CALL_LIMIT_S + QUERY_DEADLINE_S):
            await call.make(at, k)
    except ParadexError as e:
        error = e
    done = at.loop.time() - began_s
    at.venue.faults.clear()
    # A late request may still be on its way, where its outcome was called unknown.
    if error is None and trouble.name != "200 with another shape":
        assert await call.holds(at, k), "it returned, and was not carried out"
    await calm(at, trouble)
    if error is not None and not error.outcome_unknown and call.method != "GET":
        assert not await call.holds(at, k), f"it was carried out: {error!r}"
    print(f"{call.name}: {trouble.name}: {done:.1f} s {error or 'done'}")
    await asyncio.sleep(_KNOWN_S)
    if call.name in ("protect", "disable", "reset"):
        assert _told_protection(at) == await _venues_protection(at)
    await call.make(at, k)
    assert await call.holds(at, k)


_KNOWN_S: Final = 10.0


def _told_protection(at: VirtualSession) -> Any:
    state = at.node.execution.protection.state("ETH")
    return None if state is None or not state.is_configured else (state.size_limit, bool(state.is_frozen))


async def _venues_protection(at: VirtualSession) -> Any:
    answer = await at.node.execution._rest.mmp("ETH")
    for config in answer.results:
        return Decimal(config.size_limit), bool(config.is_frozen)
    return None


@pytest.mark.survives(2)
@pytest.mark.parametrize("seed", seeds(1))
@pytest.mark.parametrize("name", CALLS)
def test_e6_a_call_returns_what_was_done_or_raises(
    name: str, seed: int, count: Callable[..., None]
) -> None:
    wrong = []
    ran = 0

    async def story(at: VirtualSession) -> None:
        nonlocal ran
        at.venue.exchange.protection.allow(at.account, on=True)
        for k, trouble in enumerate(TROUBLES[REST].values(), 1):
            ran += 1
            try:
                await call_under(at, CALLS[name], trouble, k)
            except Exception as e:
                wrong.append(f"{name} {trouble.name}: {type(e)} {e}")

    tell(story, seed, execution=_EXECUTION)
    count(cells=ran)
    assert not wrong, "\n".join(wrong)
