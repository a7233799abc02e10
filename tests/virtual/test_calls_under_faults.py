"""Questions, settings and algo orders, which go by REST, under every HTTP fault (E6, E7, E16)."""

import asyncio
import itertools
from collections.abc import Awaitable
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from typing import Final

import msgspec
import pytest
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.protocol.errors import ParadexError
from tests.acceptance.node import ETH
from tests.acceptance.node import until
from tests.faults.command_cells import QUERY_DEADLINE_S
from tests.faults.command_troubles import REST
from tests.faults.command_troubles import TROUBLES
from tests.faults.command_troubles import Trouble
from tests.faults.command_troubles import through
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell


#: What may be repeated is, with the client's timeout each time; some calls make two requests.
_CALL_LIMIT_S: Final = 5 * QUERY_DEADLINE_S
#: Until the node has asked again what became of a setting.
_TOLD_WITHIN_S: Final = 10.0


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
    is_told: bool = False
    """If the node tells what the venue has then."""


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
            is_told=True,
        ),
        Call(
            name="disable",
            method="DELETE",
            path="/account/mmp/ETH",
            make=_disable,
            holds=_is_bare,
            prepare=_protect,
            is_told=True,
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
            is_told=True,
        ),
    )
}


async def call_under(at: VirtualSession, call: Call, trouble: Trouble, k: int) -> None:
    """Make a call; a return proves that it was carried out, a refusal that it was not."""
    await call.prepare(at, k - 1)
    await trouble.begin(at, call.method, call.path)
    error: ParadexError | None = None
    try:
        async with asyncio.timeout(_CALL_LIMIT_S):
            await call.make(at, k)
    except ParadexError as e:
        error = e
    at.venue.faults.clear()
    # JSON of somebody else is taken for the answer where the venue's has no shape of its own.
    if error is None and trouble.name != "200 with another shape":
        assert await call.holds(at, k), "it returned, and was not carried out"
    await trouble.end(at)
    if error is not None and not error.outcome_unknown and call.method != "GET":
        assert not await call.holds(at, k), f"it was carried out: {error!r}"
    if call.is_told:
        await asyncio.sleep(_TOLD_WITHIN_S)
        assert _told_protection(at) == await _venues_protection(at)
    await call.make(at, k)
    assert await call.holds(at, k)


def _told_protection(at: VirtualSession) -> Any:
    state = at.node.execution.protection.state("ETH")
    return (
        None
        if state is None or not state.is_configured
        else (state.size_limit, bool(state.is_frozen))
    )


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
    troubles = list(TROUBLES[REST].values())
    number = itertools.count(1)

    async def called(at: VirtualSession, trouble: Trouble) -> None:
        await call_under(at, CALLS[name], trouble, next(number))

    async def story(at: VirtualSession) -> None:
        at.venue.exchange.protection.allow(at.account, on=True)
        await through(at, troubles, called)

    tell(story, seed)
    count(cells=len(troubles), seed=seed)
