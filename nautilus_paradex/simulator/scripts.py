"""What happens to a whole venue over some time, as a list of typed steps; `play` carries it out."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from nautilus_paradex.simulator.clock import loop_s
from nautilus_paradex.simulator.clock import pause
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.faults import Fault
from nautilus_paradex.simulator.paradex import LocalParadex


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all steps."""

    at: float = 0.0
    """Seconds after the script's beginning."""


class SetState(Step, frozen=True, kw_only=True):
    """The exchange's state changes; maintenance drops every WebSocket (PROTOCOL 8.3)."""

    state: model.SystemState


class DropSockets(Step, frozen=True, kw_only=True):
    """Every WebSocket ends: with a close code, or by a cut of TCP."""

    code: int | None = None


class StopServing(Step, frozen=True, kw_only=True):
    """The venue goes away; the market goes on."""


class ResumeServing(Step, frozen=True, kw_only=True):
    """The venue is back, on the same port."""


class FallSilent(Step, frozen=True, kw_only=True):
    """Nothing is answered, with every connection open."""


class WakeUp(Step, frozen=True, kw_only=True):
    """Everything is answered that waits."""


class ExpireAllTokens(Step, frozen=True, kw_only=True):
    """Every JWT issued so far is expired."""


class JumpClock(Step, frozen=True, kw_only=True):
    """The venue's clock jumps, and stays so."""

    ms: float
    """Forwards, or back where negative."""


class MovePrices(Step, frozen=True, kw_only=True):
    """A market's prices change."""

    market: str
    mark: Decimal | None = None
    external_fair: Decimal | None = None


class ChangeTick(Step, frozen=True, kw_only=True):
    """A market's grid changes while orders rest on the old one (PROTOCOL trap 63)."""

    market: str
    price_tick_size: Decimal | None = None
    order_size_increment: Decimal | None = None


class Delist(Step, frozen=True, kw_only=True):
    """A market ends: its orders are closed, its positions are settled."""

    market: str
    price: Decimal | None = None
    """The settlement price; None is computed."""


class Arm(Step, frozen=True, kw_only=True):
    """A fault is armed."""

    fault: Fault


#: Seconds of each state of a release; the venue names 15 minutes in all (PROTOCOL 8.3).
RELEASE: Final = (
    (model.SystemState.MAINTENANCE, 660.0),
    (model.SystemState.CANCEL_ONLY, 120.0),
    (model.SystemState.POST_ONLY, 120.0),
)


def release_window(*, at: float = 0.0, scale: float = 1.0) -> tuple[Step, ...]:
    """
    Return a release: maintenance, cancel-only, post-only, and trading again.

    Maintenance drops the sockets; with cancel-only the orders are cancelled that lie beyond the
    5 bps rule (PROTOCOL 8.3).

    Parameters
    ----------
    at : float, default 0.0
        Seconds after the script's beginning.
    scale : float, default 1.0
        Stretches the venue's own 15 minutes; less than 1 hurries them.

    """
    steps: list[Step] = []
    for state, seconds in RELEASE:
        steps.append(SetState(at=at, state=state))
        at += seconds * scale
    return (*steps, SetState(at=at, state=model.SystemState.OK))


async def play(paradex: LocalParadex, steps: Iterable[Step]) -> None:
    """Carry a script out, from now on, in the order of its times."""
    begin = loop_s()
    for step in sorted(steps, key=lambda step: step.at):
        await pause(max(begin + step.at - loop_s(), 0))
        await take(paradex, step)


async def take(paradex: LocalParadex, step: Step) -> None:
    """
    Carry a step out now.

    Raises
    ------
    TypeError
        If it is none of this module's.

    """
    match step:
        case SetState(state=state):
            paradex.set_system_state(state)
        case DropSockets(code=code):
            await paradex.drop_connections(code)
        case StopServing():
            await paradex.stop_serving()
        case ResumeServing():
            await paradex.resume_serving()
        case FallSilent() | WakeUp():
            paradex.stall(isinstance(step, FallSilent))
        case ExpireAllTokens():
            paradex.expire_tokens()
        case JumpClock(ms=ms):
            paradex.jump_clock(ms)
        case Arm(fault=fault):
            paradex.faults.add(fault)
        case MovePrices() | ChangeTick() | Delist():
            _change_market(paradex, step)
        case _:
            raise TypeError(f"no step of a script: {step!r}")


def _change_market(paradex: LocalParadex, step: MovePrices | ChangeTick | Delist) -> None:
    exchange = paradex.exchange
    match step:
        case MovePrices():
            exchange.set_prices(step.market, mark=step.mark, external_fair=step.external_fair)
        case ChangeTick():
            grid = {
                "price_tick_size": step.price_tick_size,
                "order_size_increment": step.order_size_increment,
            }
            changes = {name: value for name, value in grid.items() if value is not None}
            exchange.update_market(step.market, **changes)
        case Delist():
            exchange.settle_market(step.market, step.price)
