"""The framework's own checks of orders, of positions and of what is in flight, all at once."""

import ast
import functools
import re
from pathlib import Path
from typing import Any

import pytest
from nautilus_trader.model.events import OrderCanceled
from nautilus_trader.model.events import OrderRejected

from nautilus_paradex.simulator.faults import LostResponse
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell
from tests.virtual.stories import outage
from tests.virtual.stories import rest_orders
from tests.virtual.stories import trade_at_the_venue


_GUIDE = Path(__file__).parents[2] / "docs" / "paradex.md"

#: As often as the framework's defaults, but for what the adapter does itself (E17).
_IN_FLIGHT_TOO = {"inflight_check_interval_ms": 2_000}

#: What the framework says of a strategy without a start, of positions that strategies share with
#: others on an account, and the adapter of the check in flight.
_EXPECTED = re.compile(
    "not overridden|ownership is split|Position avg_px mismatch|the node's in-flight check"
)


def recommended() -> dict[str, Any]:
    """Return the engine's settings as the guide has them."""
    found = re.search(r"^LiveExecEngineConfig\(\n.*?^\)", _GUIDE.read_text(), re.M | re.S)
    assert found is not None
    call = ast.parse(found.group(), mode="eval").body
    assert isinstance(call, ast.Call)
    settings = {each.arg: ast.literal_eval(each.value) for each in call.keywords}
    assert settings["open_check_interval_secs"]
    assert settings["position_check_interval_secs"]
    assert not settings["inflight_check_interval_ms"]
    return settings


async def quiet_quarter(at: VirtualSession) -> None:
    """Much is traded, and nothing goes wrong: the checks find nothing to do."""
    await rest_orders(at)
    await trade_at_the_venue(at, 900.0, 10.0)
    await at.ends_equal()
    said = [line for line in at.node.log().splitlines() if "[WARN]" in line or "[ERROR]" in line]
    unexpected = [line for line in said if not _EXPECTED.search(line)]
    assert not unexpected, "\n".join(unexpected)
    assert not [event for event in at.node.order_events if isinstance(event, OrderRejected)]


@pytest.mark.parametrize("seed", seeds(1))
@pytest.mark.parametrize("also", [{}, _IN_FLIGHT_TOO], ids=["recommended", "in flight too"])
def test_e17_checks_find_nothing_where_nothing_is_wrong(seed: int, also: dict[str, Any]) -> None:
    trace = tell(quiet_quarter, seed, engine=recommended() | also)
    assert trace[-1][0] > 900


@pytest.mark.parametrize("seed", seeds(1))
@pytest.mark.parametrize("seconds", [45.0, 600.0])
def test_e17_checks_and_adapter_agree_after_an_outage(seconds: float, seed: int) -> None:
    tell(functools.partial(outage, seconds=seconds), seed, engine=recommended())


async def lost_answers(at: VirtualSession) -> None:
    """Answers are lost, while the stream tells what came of it, or does not for some seconds."""
    for turn in range(10):
        at.venue.faults.add(LostResponse(method="POST", path="/orders"))
        order = at.desk.limit(BUY, "1", str(2490 - turn), post_only=True)
        if turn % 2:
            await at.venue.drop_connections()
        await until(lambda order=order: order.is_open, f"{order} is found", 60.0)
    wrong = (OrderRejected, OrderCanceled)
    assert not [event for event in at.node.order_events if isinstance(event, wrong)]


@pytest.mark.parametrize("seed", seeds(1))
def test_e6_e17_in_flight_check_and_adapter_resolve_each_order_once(seed: int) -> None:
    tell(lost_answers, seed, engine=recommended() | _IN_FLIGHT_TOO)
