"""The live execution client."""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import MessageBus
from nautilus_trader.common.enums import ComponentState
from nautilus_trader.common.messages import ComponentStateChanged
from nautilus_trader.execution.messages import BatchCancelOrders
from nautilus_trader.execution.messages import CancelAllOrders
from nautilus_trader.execution.messages import CancelOrder
from nautilus_trader.execution.messages import GenerateFillReports
from nautilus_trader.execution.messages import GenerateOrderStatusReport
from nautilus_trader.execution.messages import GenerateOrderStatusReports
from nautilus_trader.execution.messages import GeneratePositionStatusReports
from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.execution.messages import QueryAccount
from nautilus_trader.execution.messages import QueryOrder
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.execution.messages import SubmitOrderList
from nautilus_trader.execution.reports import ExecutionMassStatus
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.enums import account_type_to_str
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.account import AccountKeeper
from nautilus_paradex.execution.assembly import Surroundings
from nautilus_paradex.execution.assembly import furnish
from nautilus_paradex.execution.health import health_of
from nautilus_paradex.execution.keeping import keep_in_step
from nautilus_paradex.execution.margins import MarginSettings
from nautilus_paradex.execution.news import ACCOUNT_CHANNELS
from nautilus_paradex.execution.news import AccountNews
from nautilus_paradex.execution.node_settings import inflight_warning
from nautilus_paradex.execution.positions import AccountPositions
from nautilus_paradex.execution.protection import MarketMakerProtection
from nautilus_paradex.execution.signing import OrderSigner
from nautilus_paradex.network.link import Link
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.status import StreamStatus
from nautilus_paradex.network.stream import StreamSettings
from nautilus_paradex.network.tasks import BackgroundTasks
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.parsing.numbers import to_money
from nautilus_paradex.protocol.enums import SystemState
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.numbers import times
from nautilus_paradex.protocol.orders import Phase
from nautilus_paradex.providers import ParadexInstrumentProvider


#: What the framework's kernel starts when it has reconciled, right before its trader.
_EMULATOR_STATE: Final = "events.system.OrderEmulator"

#: A kernel with the framework's own timeouts has started by then. Who connects the client without
#: a kernel has the stream's news held back for so long, seconds.
_START_SECS: Final = 180.0

#: The most that a connect may take before its last error is raised, seconds. Below the node's own
#: `timeout_connection` of 60, so that the node's log names the cause.
CONNECT_DEADLINE_SECS: Final = 50.0


class ParadexExecutionClient(LiveExecutionClient):
    """
    Executes orders on Paradex and keeps the framework's orders, positions and account in step.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The event loop of the client.
    link : Link
        The account's way to the venue.
    stream_settings : StreamSettings
        How its stream behaves.
    msgbus : MessageBus
        The message bus for the client.
    cache : Cache
        The cache for the client.
    clock : LiveClock
        The clock for the client.
    instrument_provider : ParadexInstrumentProvider
        The instrument provider.
    config : ParadexExecClientConfig
        The configuration for the client.
    name : str
        The client's name: its id and the issuer of its account id.
    venue : Venue, optional
        The venue that the client owns the route of; None for a further account (rule E19).

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        link: Link,
        stream_settings: StreamSettings,
        msgbus: MessageBus,
        cache: Cache,
        clock: LiveClock,
        instrument_provider: ParadexInstrumentProvider,
        config: ParadexExecClientConfig,
        name: str,
        venue: Venue | None,
    ) -> None:
        super().__init__(
            loop=loop,
            client_id=ClientId(name),
            venue=venue,
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=None,
            instrument_provider=instrument_provider,
            msgbus=msgbus,
            cache=cache,
            clock=clock,
            config=config,
        )
        self._set_account_id(AccountId(f"{name}-{link.account[:10]}"))
        self._log.info(f"account_type={account_type_to_str(self.account_type)}")
        self._link = link
        self._provider = instrument_provider
        self._uses_link = False
        self._config = config
        self._rest: ParadexRest = link.rest
        self._timing: Timing = link.timing
        self._background = BackgroundTasks(self._log)
        self._news = AccountNews(
            msgbus=self._msgbus, clock=self._clock, link=link, spawn=self._spawn, log=self._log
        )
        self._stream = link.private_stream(stream_settings, self._news, self._log)
        around = Surroundings(
            client=self,
            cache=self._cache,
            msgbus=self._msgbus,
            clock=self._clock,
            log=self._log,
            link=link,
            stream=self._stream,
            spawn=self._spawn,
            reconcile=self.reconcile_soon,
            send_mass_status=self._send_mass_status_report,
        )
        self._room = furnish(config, around)
        self._keeping = keep_in_step(
            config,
            around,
            self._room,
            instrument_provider,
            AccountKeeper(self, self._rest, self._timing, self._loop.call_soon, self._log),
        )
        self._news.tell(self._stream, self._room, self._keeping)
        positions = AccountPositions(
            self.account_id, None if venue is not None else name, self._cache, self._log
        )
        self._listened: list[tuple[str, Callable[[Any], None]]] = [
            (f"reports.execution.{PARADEX_VENUE}", self._room.reconciler.on_published),
            ("events.order.*", self._room.contingencies.on_event),
            ("events.order.*", self._room.reconciler.ended.on_event),
            ("events.order.*", positions.on_event),
            ("events.order.*", self._on_order_event),
            (_EMULATOR_STATE, self._on_emulator_state),
        ]
        self._margins = MarginSettings(self._rest, self._log, config.leverages, config.margin_modes)

    @property
    def instrument_provider(self) -> ParadexInstrumentProvider:
        """The instrument provider of the client."""
        return self._provider

    def status(self) -> dict[str, Any]:
        """
        Return the health of the private stream (rule S8).

        The same as `ParadexStreamHealth` tells: connected, healthy, url, schema version,
        subscriptions, reconnects, age of the last frame, epoch and more.
        """
        health = health_of(
            self.stream_status(), self._clock, degraded=self._keeping.fallback.is_active
        )
        return health.to_status()

    def stream_status(self) -> StreamStatus:
        """Return what the stream itself knows of its health."""
        return self._stream.status()

    @property
    def protection(self) -> MarketMakerProtection:
        """Market-maker protection of the account: read, set, reset, disable."""
        return self._room.protection

    async def set_margin(
        self,
        instrument_id: InstrumentId,
        leverage: int | None = None,
        margin_mode: str | None = None,
    ) -> None:
        """
        Set an instrument's leverage, margin mode (CROSS or ISOLATED) or both.

        Raises
        ------
        ParadexError
            If the venue refuses it or does not show it afterwards.

        """
        await self._margins.set(instrument_id.symbol.value, leverage, margin_mode)

    # -- CONNECTION --------------------------------------------------------------------------------

    async def _connect(self) -> None:
        self._background.open()
        await self._link.open()
        self._uses_link = True
        await self._instrument_provider.initialize()
        for instrument in self._provider.list_all():
            # The data client may load others, or there may be none.
            if self._cache.instrument(instrument.id) is None:
                self._cache.add_instrument(instrument)
        if self._link.can_trade:
            self._room.submits.use_signer(OrderSigner(self._link.signer))
            self._room.algos.use_signer(self._link.signer)
            await self._margins.apply()
            self._say_what_is_not_covered()
        else:
            self._log.warning("Read-only credentials: orders will be denied")
        warning = inflight_warning(self._msgbus)
        if warning is not None:
            self._log.warning(warning)
        for channel in ACCOUNT_CHANNELS:
            await self._stream.subscribe(channel)
        if self._config.market_maker_protection:
            await self._room.protection.follow()
        for topic, handler in self._listened:
            self._msgbus.subscribe(topic=topic, handler=handler)
        if not self._news.expects_gaps:
            # What the stream tells of an order is a part until the framework has the whole of it.
            self._room.follower.hold()
            self._spawn(self._start_at_last(), "take up the news if no start is seen")
        self._stream.start()
        try:
            await self._stream.wait_healthy(CONNECT_DEADLINE_SECS)
            await self._keeping.account.refresh()
            await self._await_account_registered()
        except BaseException:
            await self._stream.close()
            raise
        self._news.expects_gaps = True
        self._keeping.fallback.open()
        self._link.system_state.listen(self._on_system_state)
        proof = self._keeping.recovery.prove_every(
            self._config.reconcile_interval_secs, lambda: self._stream.is_healthy
        )
        self._spawn(proof, "prove the account's state")

    async def _start_at_last(self) -> None:
        await self._timing.sleep(_START_SECS)
        self._room.reconciler.on_start_over()

    async def _disconnect(self) -> None:
        self._say_what_is_left()
        self._link.system_state.forget(self._on_system_state)
        self._keeping.fallback.close()
        # Commands are canceled later, by the framework, and would watch for their outcomes.
        await self._background.close()
        await self._stream.close()
        for topic, handler in self._listened:
            if self._msgbus.is_subscribed(topic=topic, handler=handler):
                self._msgbus.unsubscribe(topic=topic, handler=handler)
        if self._uses_link:
            self._uses_link = False
            await self._link.close()

    def _say_what_is_not_covered(self) -> None:
        if self._config.cancel_on_disconnect and self._config.order_transport == "rest":
            self._log.warning(
                "cancel_on_disconnect covers orders that were placed on the private connection; "
                "with order_transport='rest' none is"
            )

    def _say_what_is_left(self) -> None:
        """Name the commands whose outcome is not known: the next start reconciles them."""
        for tracker in self._room.registry.live():
            if tracker.phase is Phase.PENDING or tracker.cancel_pending or tracker.modifies:
                self._log.warning(f"Disconnecting with an outcome unknown: {tracker}")

    # -- EXECUTION REPORTS -------------------------------------------------------------------------

    async def generate_order_status_report(
        self, command: GenerateOrderStatusReport
    ) -> OrderStatusReport | None:
        """Return an order's report; None only if the venue is proven not to know it."""
        return await self._room.queries.order(command)

    async def generate_order_status_reports(
        self, command: GenerateOrderStatusReports
    ) -> list[OrderStatusReport]:
        """Return orders' reports; raises if they cannot be read."""
        reports = await self._room.queries.orders(command)
        self._log_report_receipt(len(reports), "OrderStatusReport", command.log_receipt_level)
        return reports

    async def generate_fill_reports(self, command: GenerateFillReports) -> list[FillReport]:
        """Return fills' reports, ascending; raises if they cannot be read."""
        return await self._room.reports.fills(command)

    async def generate_position_status_reports(
        self, command: GeneratePositionStatusReports
    ) -> list[PositionStatusReport]:
        """Return positions' reports; raises if they cannot be read (P2)."""
        reports = await self._room.reports.positions(command)
        self._log_report_receipt(len(reports), "PositionStatusReport", command.log_receipt_level)
        return reports

    async def generate_mass_status(
        self, lookback_mins: int | None = None
    ) -> ExecutionMassStatus | None:
        """
        Return the whole account for the start-up reconciliation.

        Raises
        ------
        ParadexError
            If the account cannot be read: the framework then does not start its trader.

        """
        self._log.info("Generating ExecutionMassStatus...")
        self.reconciliation_active = True
        start_ms = None
        if lookback_mins is not None:
            start_ms = self._rest.venue_ms - lookback_mins * 60_000
        try:
            status = await self._room.reconciler.mass_status(start_ms)
        finally:
            self.reconciliation_active = False  # the base leaves it set on failure (P15)
        self._spawn(self._go_on_when_applied(), "release the held news")
        return status

    async def _go_on_when_applied(self) -> None:
        await self._room.reconciler.release_when_applied()
        self._room.contingencies.sweep()
        self._keeping.recovery.look_again()

    def calculate_commission(
        self,
        instrument: Instrument,
        last_qty: Quantity,
        last_px: Price,
        liquidity_side: LiquiditySide,
    ) -> Money | None:
        """Return the commission of an inferred fill, by the account's rates (rule E16)."""
        # Of several accounts of a node each has rates of its own; the cache has the first one's.
        own = self._provider.find(instrument.id) or instrument
        rate = own.maker_fee if liquidity_side == LiquiditySide.MAKER else own.taker_fee
        notional = instrument.notional_value(last_qty, last_px)
        return to_money(times(decimal_of(notional), rate), notional.currency.code, instrument)

    # -- COMMAND HANDLERS --------------------------------------------------------------------------

    async def _submit_order(self, command: SubmitOrder) -> None:
        await self._room.commands.submit(command)

    async def _submit_order_list(self, command: SubmitOrderList) -> None:
        await self._room.commands.submit_list(command)

    async def _modify_order(self, command: ModifyOrder) -> None:
        await self._room.commands.modify(command)

    async def _cancel_order(self, command: CancelOrder) -> None:
        await self._room.commands.cancel(command)

    async def _cancel_all_orders(self, command: CancelAllOrders) -> None:
        await self._room.commands.cancel_all(command)

    async def _batch_cancel_orders(self, command: BatchCancelOrders) -> None:
        await self._room.commands.batch_cancel(command)

    async def _query_order(self, command: QueryOrder) -> None:
        report = await self._room.queries.now(command)
        if report is not None:
            self._send_order_status_report(report)

    async def _query_account(self, command: QueryAccount) -> None:
        self._log.debug(f"Querying {command.account_id}")
        try:
            await self._keeping.account.refresh()
        except ParadexError as e:
            self._log.warning(f"Cannot read the account: {e}")

    # -- TELLING -----------------------------------------------------------------------------------

    def send_order_event(self, event: OrderEvent) -> None:
        """Give the framework an event that the base class cannot make."""
        self._send_order_event(event)

    def send_order_report(self, report: OrderStatusReport) -> None:
        """Give the framework an order's report."""
        self._send_order_status_report(report)

    def send_fill_report(self, report: FillReport) -> None:
        """Give the framework a fill's report."""
        self._send_fill_report(report)

    # -- INTERNAL ----------------------------------------------------------------------------------

    def reconcile_soon(self, reason: str) -> None:
        """Ask for a reconciliation; several reasons become one."""
        self._keeping.recovery.soon(reason)

    def _on_order_event(self, event: OrderEvent) -> None:
        """
        Publish the venue's figures where the framework has calculated its own (E11).

        It does so for each order event if a backtest or sandbox of the venue ran in this process.
        """
        account = self._cache.account(self.account_id)
        if event.account_id == self.account_id and account and account.calculate_account_state:
            self._keeping.account.publish_soon()

    def _on_emulator_state(self, event: ComponentStateChanged) -> None:
        """
        Notice that the framework has reconciled and is about to start its trader.

        In this turn of the loop its portfolio adds margins that it estimates, for each open order
        and position, to the venue's of the whole account, and takes their sum from what is free.
        Its trader starts in the turn after the next: strategies see the venue's figures.
        """
        if event.state == ComponentState.RUNNING:
            self._keeping.account.publish_soon()
            self._room.reconciler.on_start_over()

    def _on_system_state(self, state: SystemState | None) -> None:
        """Follow the state, which is read where an order is checked (E14)."""
        self._log.debug(f"Paradex system state: {state}")
        if state is not SystemState.MAINTENANCE:
            # What maintenance has cut off can come back now.
            self._link.hurry()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        return self._background.spawn(work, name)
