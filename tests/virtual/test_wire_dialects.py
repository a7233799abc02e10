"""
A venue that means the same and writes it otherwise, as its documents allow (PROTOCOL 10.4, 11, 14).

A whole session is traded in each dialect: its orders, fills and positions end equal to the venue.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from nautilus_trader.model.events import OrderFilled

from nautilus_paradex.simulator import PrivateEncoding
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server import wire_json
from nautilus_paradex.simulator.server import wire_sbe
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell
from tests.virtual.stories import act_at_the_venue
from tests.virtual.stories import until_healthy


type Row = dict[str, Any]


def of_the_taker(fill: model.Fill) -> model.Fill:
    """OpenAPI calls a fill's side the taker's, whoever's the fill is."""
    if fill.liquidity == "TAKER":
        return fill
    return msgspec.structs.replace(fill, side="SELL" if fill.side == "BUY" else "BUY")


def unnumbered(value: Any) -> Any:
    """The number of an update is what it can be deduplicated by, and need not be there."""
    return msgspec.structs.replace(value, seq_no=0)


def without_empty(row: Row) -> Row:
    """What is empty is left out, as Go writes it with ``omitempty``."""
    return {key: value for key, value in row.items() if value or key in ("size", "remaining_size")}


def with_nulls(row: Row) -> Row:
    """What is empty is null."""
    return {key: None if value in ("", []) else value for key, value in row.items()}


def in_dialect(
    monkeypatch: pytest.MonkeyPatch,
    *names: str,
    value: Callable[[Any], Any] = lambda value: value,
    row: Callable[[Row], Row] = lambda row: row,
) -> None:
    """Let the venue write orders or fills as a dialect does."""
    for name in names:
        as_json, as_sbe = getattr(wire_json, name), getattr(wire_sbe, name)

        def json(its: Any, *more: Any, write: Any = as_json) -> Row:
            return row(write(value(its), *more))

        def sbe(its: Any, *more: Any, write: Any = as_sbe) -> Any:
            return write(value(its), *more)

        monkeypatch.setattr(wire_json, name, json)
        monkeypatch.setattr(wire_sbe, name, sbe)


async def trade(at: VirtualSession) -> None:
    """Rest, fill, modify, cancel, take; lose the stream, and trade on meanwhile."""
    sold = await at.rest(SELL, "1", "2501")
    bought = await at.rest(BUY, "1", "2499")
    at.rival.place("BUY", "0.4", "2501", "IOC")
    at.rival.place("SELL", "0.3", "2499", "IOC")
    at.reprice(bought, "2498")
    at.rival.place("SELL", "1", "2500")
    taken = at.desk.market(BUY, "0.5")
    await until(lambda: taken.is_closed, lambda: taken)
    await at.ends_equal()
    # Understood, and not healed: nothing had to be read again.
    log = at.node.log()
    assert "[ERROR]" not in log
    assert "Reconciling: " not in log
    filled = [event for event in at.node.order_events if isinstance(event, OrderFilled)]
    assert len(filled) > 2
    assert all(
        event.order_side == at.node.cache.order(event.client_order_id).side for event in filled
    )
    await at.venue.stop_serving()
    for _ in range(8):
        act_at_the_venue(at)
    await at.venue.resume_serving()
    await until_healthy(at)
    for order in (sold, bought):
        if not order.is_closed:
            at.desk.cancel_order(order)
    await until(lambda: sold.is_closed and bought.is_closed, lambda: (sold, bought))


@pytest.mark.parametrize("encoding", list(PrivateEncoding))
@pytest.mark.parametrize("seed", seeds(7))
@pytest.mark.parametrize(
    ("names", "dialect"),
    [
        (["fill"], {"value": of_the_taker}),
        (["order"], {"value": unnumbered}),
        (["order", "fill"], {"row": without_empty}),
        (["order", "fill"], {"row": with_nulls}),
    ],
    ids=["takers_side", "unnumbered", "without_empty", "with_nulls"],
)
def test_a_dialect_of_the_venue_is_understood(monkeypatch, names, dialect, seed, encoding):
    in_dialect(monkeypatch, *names, **dialect)
    tell(trade, seed, config=SimulatorConfig(private_encoding=encoding))
