"""The exchange as its server sees it: commands in, events out, queries on the side."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from decimal import Decimal
from random import Random

from nautilus_paradex.simulator.engine import board
from nautilus_paradex.simulator.engine import entry
from nautilus_paradex.simulator.engine import invariants
from nautilus_paradex.simulator.engine import liquidation
from nautilus_paradex.simulator.engine import modifying
from nautilus_paradex.simulator.engine import offbook
from nautilus_paradex.simulator.engine import passing
from nautilus_paradex.simulator.engine import statistics
from nautilus_paradex.simulator.engine import treasury
from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.model import BookChanges
from nautilus_paradex.simulator.engine.model import BookSnapshot
from nautilus_paradex.simulator.engine.model import CancelResult
from nautilus_paradex.simulator.engine.model import Event
from nautilus_paradex.simulator.engine.model import FeeRates
from nautilus_paradex.simulator.engine.model import FillType
from nautilus_paradex.simulator.engine.model import MarginConfig
from nautilus_paradex.simulator.engine.model import MarketSpec
from nautilus_paradex.simulator.engine.model import ModifyCommand
from nautilus_paradex.simulator.engine.model import Order
from nautilus_paradex.simulator.engine.model import OrderCommand
from nautilus_paradex.simulator.engine.model import Refusal
from nautilus_paradex.simulator.engine.model import SettlementPrice
from nautilus_paradex.simulator.engine.model import SystemState
from nautilus_paradex.simulator.engine.model import SystemStateChanged
from nautilus_paradex.simulator.engine.model import Transfer
from nautilus_paradex.simulator.engine.model import TransferKind
from nautilus_paradex.simulator.engine.protecting import ProtectionDesk
from nautilus_paradex.simulator.engine.queries import Queries


class Exchange:
    """
    The core of a local Paradex: markets, accounts, orders, matching, margin, funding, settlement.

    Synchronous and single-threaded. The same calls with the same clock readings and an equally
    seeded generator give the same events.

    Parameters
    ----------
    clock_us : Callable[[], int]
        Returns the time, UNIX microseconds. Read, never waited for.
    rng : random.Random
        Source of transaction hashes.
    markets : Iterable[MarketSpec], optional
        Markets to list at once, silently. None lists nothing; see `markets.default_markets`.
    history_limit : int, default 10_000
        Rows kept per account of closed orders, fills, payments, transfers and transactions, and
        per market of trades and funding rows; the oldest go first.

    Attributes
    ----------
    queries : Queries
        Everything that can be asked without changing anything.
    protection : ProtectionDesk
        Market-maker protection by account and base asset.

    Notes
    -----
    Orders take two steps, as at the venue, so that a server may answer before or after the
    outcome is announced: `submit` validates and returns an order in NEW; `process` does the risk
    check and the matching and announces OPEN, UNTRIGGERED or CLOSED. `modify`/`process_modify`
    and `cancel`/`process_cancel` work alike. A ``process*`` call for an order that has closed in
    the meantime does nothing. Nothing is announced by the first steps.

    Every method that takes an account, market or order raises `Refusal` with the venue's code
    (PROTOCOL 8.5) for one that does not exist.

    """

    def __init__(
        self,
        *,
        clock_us: Callable[[], int],
        rng: Random,
        markets: Iterable[MarketSpec] | None = None,
        history_limit: int = 10_000,
    ) -> None:
        self._core = Core(clock_us, rng, history_limit)
        self.queries = Queries(self._core)
        self.protection = ProtectionDesk(self._core)
        for spec in markets or ():
            board.list_market(self._core, spec, announce=False)

    @contextmanager
    def _operation(self) -> Iterator[Core]:
        self._core.tick()
        yield self._core
        self._core.finish()

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """
        Call the listener with every event from now on; return a function that ends this.

        Listeners are called in the order of their subscription, inside the command that causes
        the event. They must not call commands of the exchange, nor raise.
        """
        listeners = self._core.listeners
        listeners.append(listener)

        def unsubscribe() -> None:
            if listener in listeners:
                listeners.remove(listener)

        return unsubscribe

    # -- LISTINGS -------------------------------------------------------------------------------

    def add_market(self, spec: MarketSpec) -> None:
        """List a market and announce CREATED. Raises `Refusal` NOT_UNIQUE if it is listed."""
        with self._operation() as core:
            board.list_market(core, spec)

    def update_market(self, market: str, **changes: object) -> MarketSpec:
        """Change fields of a listing and announce UPDATED; resting orders stay as they are."""
        with self._operation() as core:
            return board.change_market(core, core.market(market), changes)

    def settle_market(self, market: str, price: Decimal | None = None) -> SettlementPrice:
        """
        End a market: announce SETTLED, close its orders (ASSET_EXPIRED) and its positions
        (SETTLE_MARKET fills at the payoff of an option or the mark of a perpetual), delist it.

        Parameters
        ----------
        market : str
            The market; not a spot market.
        price : Decimal, optional
            The settlement price; None = computed.

        """
        with self._operation() as core:
            return board.settle(core, core.market(market), price)

    def delete_market(self, market: str) -> None:
        """Delist a market without open positions, close its orders and announce DELETED."""
        with self._operation() as core:
            board.delete(core, core.market(market))

    def set_prices(
        self,
        market: str,
        *,
        mark: Decimal | None = None,
        underlying: Decimal | None = None,
        external_fair: Decimal | None = None,
    ) -> None:
        """
        Set a market's prices (None = unchanged), then fire triggers and liquidations.

        Margin and price bands need a mark price: before the first one, orders are closed with
        PRICE_NOT_AVAILABLE. An external fair price that was never set follows the mark.
        """
        with self._operation() as core:
            board.set_prices(core, core.market(market), mark, underlying, external_fair)

    # -- SYSTEM ---------------------------------------------------------------------------------

    @property
    def system_state(self) -> SystemState:
        """The exchange's state (PROTOCOL 8.3)."""
        return self._core.state

    def set_system_state(self, state: SystemState) -> None:
        """Change the state; entering a release window cancels orders beyond the 5 bps rule."""
        with self._operation() as core:
            if state is core.state:
                return
            core.state = state
            core.emit(SystemStateChanged(state))
            for market in list(core.markets.values()):
                board.react(core, market)

    def advance(self) -> None:
        """
        Let time pass up to the clock's reading: funding, klines, option expiry, paused triggers
        and account updates. To be called often (every 50-1000 ms); does little when little is due.
        """
        with self._operation() as core:
            passing.advance(core)

    # -- ACCOUNTS -------------------------------------------------------------------------------

    def register_account(
        self,
        address: str,
        public_key: str,
        *,
        parent: str = "",
        isolated_market: str = "",
        fees: FeeRates | None = None,
        rpi_allowed: bool = False,
        announce: bool = True,
    ) -> None:
        """
        Open an account.

        Parameters
        ----------
        address : str
            The L2 address, hex; leading zeros and case do not matter.
        public_key : str
            The main key, hex.
        parent : str, optional
            The main account's address; makes this one its sub-account.
        isolated_market : str, optional
            The only market that the account may trade in; makes it an isolated account.
        fees : FeeRates, optional
            None = the venue's Pro rates.
        rpi_allowed : bool, default False
            If the account may send RPI orders.
        announce : bool, default True
            If the account's private events are announced. Queries work in any case; histories of
            a silent account are short (200 rows).

        Raises
        ------
        Refusal
            NOT_UNIQUE for an address that is registered, INVALID_PARENT_ACCOUNT for an unknown
            parent.

        """
        with self._operation() as core:
            treasury.register(
                core,
                address,
                public_key,
                parent=parent,
                isolated_market=isolated_market,
                fees=fees,
                rpi_allowed=rpi_allowed,
                announce=announce,
            )

    def add_key(self, account: str, public_key: str, *, name: str = "") -> None:
        """Let a subkey sign for the account."""
        with self._operation() as core:
            treasury.add_key(core, core.account(account), public_key, name)

    def remove_key(self, account: str, public_key: str) -> None:
        """Revoke a subkey. Raises `Refusal` INVALID_SUBKEY if it is not one."""
        treasury.remove_key(self._core.account(account), public_key)

    def set_fees(self, account: str, fees: FeeRates) -> None:
        """Change the account's fee rates."""
        self._core.account(account).fees = fees

    def pay_fees_in_dime(self, account: str, *, on: bool = True) -> None:
        """Let an account's fees be charged in DIME whatever its orders ask for (trap 56)."""
        self._core.account(account).pays_in_dime = on

    def deposit(self, account: str, amount: Decimal, token: str = "USDC") -> Transfer:  # noqa: S107 - an asset's name
        """Credit a token; announces the transfer, the balance and the account."""
        with self._operation() as core:
            return treasury.move_token(
                core, core.account(account), amount, token, TransferKind.DEPOSIT
            )

    def withdraw(self, account: str, amount: Decimal, token: str = "USDC") -> Transfer:  # noqa: S107 - an asset's name
        """Debit a token; INVALID_REQUEST_PARAMETER beyond the free collateral or balance."""
        with self._operation() as core:
            return treasury.move_token(
                core, core.account(account), amount, token, TransferKind.WITHDRAWAL
            )

    def set_leverage(
        self, account: str, market: str, leverage: int, margin_type: str = "CROSS"
    ) -> MarginConfig:
        """Set the account's leverage in a market; only CROSS is open (PROTOCOL 2.1)."""
        with self._operation() as core:
            return treasury.configure_leverage(
                core, core.account(account), market, leverage, margin_type
            )

    def set_max_slippage(self, account: str, market: str, max_slippage: Decimal) -> None:
        """Set the account's own cap of MARKET orders in a market, a fraction of the mark."""
        treasury.configure_slippage(
            self._core.account(account), self._core.market(market), max_slippage
        )

    # -- ORDER ENTRY ----------------------------------------------------------------------------

    def submit(self, command: OrderCommand) -> Order:
        """
        Validate an order as the API does (PROTOCOL 5.7) and return it in NEW.

        Raises
        ------
        Refusal
            With the venue's code; then nothing has happened.

        """
        with self._operation() as core:
            return entry.submit(core, command).snapshot()

    def submit_batch(self, commands: Sequence[OrderCommand]) -> list[Order | Refusal]:
        """
        Validate 1-10 orders, each by itself; the list is aligned with the commands.

        Raises `Refusal` BATCH_SIZE_OUT_OF_RANGE for another number.
        """
        with self._operation() as core:
            return entry.submit_batch(core, commands)

    def process(self, order_id: str) -> Order:
        """Check the risk of a NEW order and match it; return its state afterwards."""
        with self._operation() as core:
            order = core.order(order_id)
            entry.process(core, order)
            return order.snapshot()

    def place(self, command: OrderCommand) -> Order:
        """`submit` and `process` at once."""
        with self._operation() as core:
            order = entry.submit(core, command)
            entry.process(core, order)
            return order.snapshot()

    def modify(self, command: ModifyCommand) -> Order:
        """
        Validate a change of a live order and return the order with a PENDING request.

        Raises
        ------
        Refusal
            ORDER_ID_NOT_FOUND, ORDER_IS_NOT_OPEN, INVALID_REQUEST_PARAMETER, INVALID_ORDER_SIZE
            (PROTOCOL 5.6).

        """
        with self._operation() as core:
            return modifying.request_modify(core, command).snapshot()

    def process_modify(self, order_id: str, request_id: str) -> Order:
        """
        Carry out a pending change: SUCCESS (id kept, queue priority lost, may match) or REJECTED
        (the order lives on unchanged); announced either way.
        """
        with self._operation() as core:
            order = core.order(order_id)
            modifying.process_modify(core, order, request_id)
            return order.snapshot()

    def cancel(self, account: str, order_id: str) -> Order:
        """
        Queue a cancel; raises `Refusal` ORDER_ID_NOT_FOUND or ORDER_IS_CLOSED.

        Returns
        -------
        Order
            As it is before the cancel takes effect in `process_cancel`.

        """
        return entry.queue_cancel(self._core, account, order_id).snapshot()

    def cancel_by_client_id(self, account: str, client_id: str, market: str | None = None) -> Order:
        """
        Queue a cancel of the live order with this client id.

        Raises `Refusal` CLIENT_ORDER_ID_NOT_FOUND, or ORDER_IS_CLOSED where the last order with
        this client id is closed.
        """
        return entry.queue_cancel_by_client_id(self._core, account, client_id, market).snapshot()

    def cancel_all(self, account: str, market: str | None = None) -> list[Order]:
        """Queue cancels of all live orders (of a market); `process_cancel` each of them."""
        if market is not None:
            self._core.market(market)
        return self.queries.open_orders(account, market)

    def cancel_batch(
        self, account: str, order_ids: Sequence[str] = (), client_ids: Sequence[str] = ()
    ) -> list[CancelResult]:
        """Queue cancels; `process_cancel` those that say QUEUED_FOR_CANCELLATION."""
        return entry.queue_cancels(self._core, account, order_ids, client_ids)

    def process_cancel(self, order_id: str) -> Order:
        """Close a live order with USER_CANCELED; does nothing if it has closed already."""
        with self._operation() as core:
            order = core.order(order_id)
            entry.process_cancel(core, order)
            return order.snapshot()

    # -- TRADES OUTSIDE THE BOOK ----------------------------------------------------------------

    def block_trade(
        self, market: str, buyer: str, seller: str, size: Decimal, price: Decimal
    ) -> None:
        """Trade between two accounts: BLOCK_TRADE fills without orders; seq 0."""
        with self._operation() as core:
            offbook.cross(
                core,
                core.market(market),
                core.account(buyer),
                core.account(seller),
                size=size,
                price=price,
                fill_type=FillType.BLOCK_TRADE,
            )

    def unwind_transfer(
        self, market: str, sender: str, receiver: str, size: Decimal, price: Decimal
    ) -> None:
        """Move ``size`` (signed as the position moved) between accounts: UNWIND_TRANSFER fills."""
        with self._operation() as core:
            buyer, seller = (receiver, sender) if size > ZERO else (sender, receiver)
            offbook.cross(
                core,
                core.market(market),
                core.account(buyer),
                core.account(seller),
                size=abs(size),
                price=price,
                fill_type=FillType.UNWIND_TRANSFER,
            )

    def deleverage(
        self, market: str, winner: str, loser: str, size: Decimal, price: Decimal
    ) -> None:
        """
        Close a bankrupt position against a winning one (ADL): LIQUIDATION fills without orders.

        The venue names no fill type of its own for it; that it is LIQUIDATION is assumed.

        Parameters
        ----------
        market : str
            The market.
        winner, loser : str
            The accounts; the winner's position is reduced.
        size : Decimal
            Base units.
        price : Decimal
            USD.

        """
        with self._operation() as core:
            listed, account = core.market(market), core.account(winner)
            is_long = account.holding(listed).size > ZERO
            pair = (core.account(loser), account) if is_long else (account, core.account(loser))
            offbook.cross(
                core, listed, *pair, size=size, price=price, fill_type=FillType.LIQUIDATION
            )

    def bust_trade(self, trade_id: str) -> None:
        """Revert both fills of a trade (fees included) and announce the busts (PROTOCOL 10.4)."""
        with self._operation() as core:
            offbook.bust(core, trade_id)

    def liquidate(self, account: str) -> None:
        """Liquidate an account now, whatever its margin: LIQUIDATION fills without client ids."""
        with self._operation() as core:
            liquidation.liquidate(core, core.account(account))

    # -- BOOK FEED ------------------------------------------------------------------------------

    def follow_book(self, market: str) -> None:
        """Start to record changes of this book for `take_book_changes`."""
        self._core.market(market).book.follow(followed=True)

    def unfollow_book(self, market: str) -> None:
        """Stop recording and forget what was not taken."""
        self._core.market(market).book.follow(followed=False)

    def book_snapshot(
        self, market: str, depth: int | None = None
    ) -> tuple[BookSnapshot, BookSnapshot]:
        """
        Return the API view and the one with RPI orders, to start a delta stream with.

        Ends the open change, so that what comes later has a higher number. Changes with numbers
        up to the snapshot's may still be waiting in `take_book_changes`: leave them out for a
        client that starts here.
        """
        listed = self._core.market(market)
        listed.book.seal()
        return (
            statistics.snapshot(listed, depth, interactive=False),
            statistics.snapshot(listed, depth, interactive=True),
        )

    def published_book(
        self,
        market: str,
        depth: int | None = 20,
        *,
        interactive: bool = False,
        price_tick: Decimal | None = None,
    ) -> BookSnapshot:
        """
        Return a view as `Queries.book` does, whose number names no other state of the book.

        Ends the open change: what comes later has a higher number.
        """
        self._core.market(market).book.seal()
        return self.queries.book(market, depth, interactive=interactive, price_tick=price_tick)

    def take_book_changes(self, market: str) -> tuple[BookChanges, ...]:
        """
        Return the changes since the last call of a followed book, numbered +1 each.

        Changes are merged as long as the best prices changed at most once in them: each
        `BboChanged` has a number of its own, and `BboChanged`, `TradePrinted` and changes share
        one rising counter per market (as the venue's captures show). Usually 0-5 per 100 ms.
        """
        return self._core.market(market).book.take()

    @contextmanager
    def batch(self, market: str) -> Iterator[None]:
        """Make all commands inside one change of the book with at most one `BboChanged` a view."""
        listed = self._core.market(market)
        listed.batch_depth += 1
        try:
            yield
        finally:
            listed.batch_depth -= 1
            self._core.finish()

    # -- PROOF ----------------------------------------------------------------------------------

    def check_invariants(self) -> None:
        """
        Raise `AssertionError` if the books do not add up.

        Positions sum to 0 in each market; USDC and tokens are conserved; no API book is crossed;
        remaining sizes, level sums, client ids and margin aggregates are consistent.
        """
        invariants.check(self._core)
