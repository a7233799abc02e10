"""Whatever happens at the venue while a node starts: nothing is lost, doubled or invented (E10)."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import pytest

from nautilus_paradex.execution import client
from nautilus_paradex.factories import clear_shared_clients
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.virtual_time import VirtualLoop
from nautilus_paradex.simulator.virtual_time import run_virtual
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import Trader
from tests.acceptance.node import running_node
from tests.acceptance.node import until
from tests.conftest import Count
from tests.faults.sessions import BUY
from tests.faults.sessions import MARKET
from tests.virtual.node_time import nodes_in_virtual_time
from tests.virtual.readings import holdups
from tests.virtual.sessions import USERS_WAITS
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell


PRICE: Final = "2499"

#: What a start reads of the account.
_PATHS: Final = ("/account", "/balance", "/orders", "/orders-history", "/fills", "/positions")

_HELD_UP_MS: Final = 1_500


class Past:
    """An account with an order that rests and is filled in part, and somebody to trade with."""

    def __init__(self, venue: LocalParadex, account: str) -> None:
        self.venue, self.account = venue, account
        other = venue.create_account(public_key="0xbeef", usdc="10000000")
        self.own, self.rival = Trader(venue, account), Trader(venue, other)
        self.order = self.own.place("BUY", "1", PRICE, client_id="O-BEFORE")
        self.rival.place("SELL", "0.3", PRICE, "IOC")

    def resize(self) -> None:
        exchange, known = self.venue.exchange, self.order
        command = model.ModifyCommand(
            account=self.account,
            order_id=known.id,
            market=MARKET,
            side=known.side,
            type=known.type,
            size=2 * known.size,
            price=known.price,
        )
        changed = exchange.modify(command)
        exchange.process_modify(known.id, changed.request_info.id)


type Event = Callable[[Past], object]

EVENTS: Final[dict[str, tuple[Event, ...]]] = {
    "nothing": (),
    "filled": (lambda past: past.rival.place("SELL", "0.2", PRICE, "IOC"),),
    "filled whole": (lambda past: past.rival.place("SELL", "0.7", PRICE, "IOC"),),
    "canceled": (
        lambda past: past.rival.place("SELL", "0.2", PRICE, "IOC"),
        lambda past: past.own.cancel(past.order),
    ),
    "enlarged and filled": (
        Past.resize,
        lambda past: past.rival.place("SELL", "1.2", PRICE, "IOC"),
    ),
    "placed": (lambda past: past.own.place("BUY", "0.4", "2490", client_id="O-MEANWHILE"),),
    "turned over": (
        lambda past: past.rival.place("BUY", "2", "2491"),
        lambda past: past.own.place("SELL", "0.9", "2491", "IOC", client_id="O-MEANWHILE"),
    ),
}


async def _start(loop: VirtualLoop, fault: faults.RequestFault, events: tuple[Event, ...]) -> None:
    async with LocalParadex(seed=1, market=False, clock_us=loop.wall_us) as venue:
        account = venue.create_account(KEY)
        past = Past(venue, account)
        armed = venue.faults.add(fault)
        desk = Desk()
        async with running_node(
            venue,
            account,
            strategies=[desk],
            data=USERS_WAITS,
            execution=USERS_WAITS,
            started=False,
            may_fail=True,
            connect_deadline_s=60.0,
        ) as node:
            at = VirtualSession(venue, account, node, desk)
            await until(lambda: armed.fired, f"{fault} comes up", 30.0)
            for event in events:
                event(past)
                await asyncio.sleep(0.1)
            await until(lambda: node.is_started, "the node runs", 60.0)
            await at.ends_equal()
            log = node.log()
            assert "Generated inferred" not in log
            assert "overfill rejected" not in log


@pytest.mark.survives(1)
@pytest.mark.timeout(300)
@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("seed", seeds(1))
def test_e10_what_happens_at_any_moment_of_a_start_is_told_once(
    event: str, seed: int, count: Count
) -> None:
    for number, kind in holdups(seed, len(_PATHS)):
        fault = kind(method="GET", path=_PATHS[number], ms=_HELD_UP_MS)
        try:
            with nodes_in_virtual_time(seed):
                run_virtual(lambda loop, fault=fault: _start(loop, fault, EVENTS[event]))
        except BaseException as e:
            e.add_note(f"{event} at {fault} of seed {seed}")
            raise
        finally:
            clear_shared_clients()
    count(starts=len(_PATHS), seed=seed)


@pytest.mark.parametrize("seed", seeds(1))
def test_e10_the_stream_is_taken_where_the_framework_reconciles_nothing(seed: int) -> None:
    async def story(at: VirtualSession) -> None:
        order = at.desk.limit(BUY, "1", PRICE)
        await until(lambda: order.is_open, "it rests", 10.0)
        at.rival.place("SELL", "0.3", PRICE, "IOC")
        await until(lambda: order.filled_qty.as_decimal() == Decimal("0.3"), "its fill", 10.0)

    tell(story, seed, engine={"reconciliation": False})


@pytest.mark.parametrize("seed", seeds(1))
def test_e10_the_stream_is_taken_at_last_where_no_kernel_starts_anything(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_EMULATOR_STATE", "events.system.Nobody")

    async def story(at: VirtualSession) -> None:
        follower = at.node.execution._room.follower
        await asyncio.sleep(client._START_SECS - 10.0)
        assert follower.is_holding
        await asyncio.sleep(20.0)
        assert not follower.is_holding

    tell(story, seed, engine={"reconciliation": False})


@pytest.mark.parametrize("seed", seeds(1))
def test_e10_an_order_that_the_list_lacked_at_a_start_is_found_soon_after(seed: int) -> None:
    async def main(loop: VirtualLoop) -> None:
        async with LocalParadex(seed=seed, market=False, clock_us=loop.wall_us) as venue:
            account = venue.create_account(KEY)
            async with running_node(venue, account, strategies=[Desk()]):
                pass  # its answers are what lists say that lag
            past = Past(venue, account)
            for path in _PATHS:
                venue.faults.add(faults.StaleAnswer(method="GET", path=path, n=20))
            async with running_node(venue, account, strategies=[Desk()], may_fail=True) as node:
                assert not node.cache.orders()
                venue.faults.clear()
                await until(
                    lambda: (
                        [o.venue_order_id.value for o in node.cache.orders_open()]
                        == [past.order.id]
                    ),
                    "the order is known",
                    10.0,
                )

    try:
        with nodes_in_virtual_time(seed):
            run_virtual(main)
    finally:
        clear_shared_clients()
