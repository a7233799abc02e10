"""The parts of the execution room, put together."""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import NamedTuple

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import MessageBus
from nautilus_trader.execution.reports import ExecutionMassStatus
from nautilus_trader.live.execution_client import LiveExecutionClient

from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.algo_setup import build_algos
from nautilus_paradex.execution.algos import AlgoOrders
from nautilus_paradex.execution.cancels import Cancels
from nautilus_paradex.execution.commands import OrderCommands
from nautilus_paradex.execution.contingencies import Contingencies
from nautilus_paradex.execution.following import OrderFollower
from nautilus_paradex.execution.inflight import InFlight
from nautilus_paradex.execution.modifies import Modifies
from nautilus_paradex.execution.protection import MarketMakerProtection
from nautilus_paradex.execution.queries import OrderQueries
from nautilus_paradex.execution.reconciliation import Reconciler
from nautilus_paradex.execution.reports import ReportGenerator
from nautilus_paradex.execution.submits import Submits
from nautilus_paradex.execution.submits import speaks_of_state
from nautilus_paradex.execution.telling import OrderTeller
from nautilus_paradex.execution.triggers import TriggerGuard
from nautilus_paradex.execution.triggers import Triggers
from nautilus_paradex.network.link import Link
from nautilus_paradex.network.order_entry import OrderEntry
from nautilus_paradex.network.order_entry import WsOrderEntry
from nautilus_paradex.network.stream import ParadexStream
from nautilus_paradex.protocol.enums import Stp
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.orders import FillLedger
from nautilus_paradex.protocol.orders import OrderRegistry
from nautilus_paradex.protocol.orders import OrderTracker


class Surroundings(NamedTuple):
    """What the framework and the client give the room."""

    client: LiveExecutionClient
    cache: Cache
    msgbus: MessageBus
    clock: LiveClock
    log: Logger
    link: Link
    stream: ParadexStream
    spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]
    reconcile: Callable[[str], None]
    send_mass_status: Callable[[ExecutionMassStatus], None]


class Room(NamedTuple):
    """The parts that the client itself talks to."""

    registry: OrderRegistry
    reports: ReportGenerator
    follower: OrderFollower
    submits: Submits
    commands: OrderCommands
    contingencies: Contingencies
    reconciler: Reconciler
    queries: OrderQueries
    algos: AlgoOrders
    protection: MarketMakerProtection


def furnish(config: ParadexExecClientConfig, around: Surroundings) -> Room:
    """Return the room of a client."""
    return _Furnisher(config, around).room()


class _Furnisher:
    def __init__(self, config: ParadexExecClientConfig, around: Surroundings) -> None:
        self._config = config
        self._around = around
        self._registry = OrderRegistry()
        self._ledger = FillLedger()
        self._reports = ReportGenerator(
            account_id=around.client.account_id,
            cache=around.cache,
            clock=around.clock,
            rest=around.link.rest,
            log=around.log,
        )
        self._teller = OrderTeller(
            around.client, around.cache, around.clock, self._reports, around.log
        )
        self._follower = OrderFollower(
            registry=self._registry,
            ledger=self._ledger,
            teller=self._teller,
            cache=around.cache,
            rest=around.link.rest,
            timing=around.link.timing,
            spawn=around.spawn,
            reconcile=around.reconcile,
            log=around.log,
        )
        self._algos = build_algos(
            account_id=around.client.account_id,
            cache=around.cache,
            registry=self._registry,
            follower=self._follower,
            teller=self._teller,
            reports=self._reports,
            rest=around.link.rest,
            timing=around.link.timing,
            spawn=around.spawn,
            log=around.log,
            on_refusal=self._note_refusal,
        )
        self._protection = MarketMakerProtection(
            account_id=around.client.account_id,
            rest=around.link.rest,
            stream=around.stream,
            msgbus=around.msgbus,
            clock=around.clock,
            timing=around.link.timing,
            spawn=around.spawn,
            log=around.log,
        )

    def _note_refusal(self, error: ParadexError) -> None:
        if speaks_of_state(error):
            self._around.link.system_state.hint()

    def room(self) -> Room:
        around = self._around
        submits, commands, contingencies = self._commands()
        reconciler = Reconciler(
            client_id=around.client.id,
            account_id=around.client.account_id,
            venue=PARADEX_VENUE,
            cache=around.cache,
            clock=around.clock,
            registry=self._registry,
            ledger=self._ledger,
            follower=self._follower,
            reports=self._reports,
            rest=around.link.rest,
            timing=around.link.timing,
            send=around.send_mass_status,
            log=around.log,
        )
        reconciler.use_algos(self._algos.orders, self._algos.snapshots)
        queries = OrderQueries(
            cache=around.cache,
            follower=self._follower,
            reconciler=reconciler,
            reports=self._reports,
            timing=around.link.timing,
            log=around.log,
        )
        return Room(
            registry=self._registry,
            reports=self._reports,
            follower=self._follower,
            submits=submits,
            commands=commands,
            contingencies=contingencies,
            reconciler=reconciler,
            queries=queries,
            algos=self._algos.orders,
            protection=self._protection,
        )

    def _commands(self) -> tuple[Submits, OrderCommands, Contingencies]:
        around, rest, timing = self._around, self._around.link.rest, self._around.link.timing
        entry = self._entry()
        triggers = Triggers(around.cache, rest, timing, around.log)

        async def cancel_again(tracker: OrderTracker) -> None:
            await cancels.send(tracker)

        in_flight = InFlight(
            follower=self._follower,
            rest=rest,
            timing=timing,
            spawn=around.spawn,
            cancel=cancel_again,
            log=around.log,
        )
        cancels = Cancels(
            entry=entry,
            rest=rest,
            follower=self._follower,
            in_flight=in_flight,
            timing=timing,
            log=around.log,
        )
        submits = Submits(
            cache=around.cache,
            msgbus=around.msgbus,
            registry=self._registry,
            follower=self._follower,
            teller=self._teller,
            in_flight=in_flight,
            entry=entry,
            rest=rest,
            timing=timing,
            triggers=triggers,
            algos=self._algos.orders,
            protection=self._protection,
            system_state=lambda: around.link.system_state.state,
            on_state_refusal=around.link.system_state.hint,
            on_time_refusal=around.link.clock.hint,
            stp=None if self._config.stp_mode is None else Stp(self._config.stp_mode),
            recv_window_ms=self._config.recv_window_ms,
            log=around.log,
        )
        modifies = Modifies(
            cache=around.cache,
            follower=self._follower,
            teller=self._teller,
            in_flight=in_flight,
            submits=submits,
            entry=entry,
            rest=rest,
            timing=timing,
            triggers=triggers,
            log=around.log,
        )
        contingencies = Contingencies(
            client_id=around.client.id,
            cache=around.cache,
            msgbus=around.msgbus,
            submits=submits,
            modifies=modifies,
            cancels=cancels,
            follower=self._follower,
            teller=self._teller,
            timing=timing,
            spawn=around.spawn,
            log=around.log,
        )
        self._follower.on_update = TriggerGuard(
            self._follower, cancels, around.spawn, around.log
        ).on_update
        commands = OrderCommands(
            cache=around.cache,
            follower=self._follower,
            teller=self._teller,
            submits=submits,
            modifies=modifies,
            cancels=cancels,
            contingencies=contingencies,
            algos=self._algos.orders,
        )
        return submits, commands, contingencies

    def _entry(self) -> OrderEntry:
        around = self._around
        if self._config.order_transport == "rest":
            return around.link.rest
        return WsOrderEntry(
            around.stream,
            around.link.rest,
            around.log,
            covers=self._config.cancel_on_disconnect,
        )
