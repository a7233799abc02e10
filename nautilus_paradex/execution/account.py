"""
The account's balances and margins, kept from the stream and REST (rule E11).

The framework does not calculate a live account itself: every change is pushed as an account state.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from nautilus_trader.common.component import Logger
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.execution.family import AccountFamily
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.parsing.reports import account_info
from nautilus_paradex.parsing.reports import check_balance
from nautilus_paradex.parsing.reports import parse_account_state
from nautilus_paradex.parsing.reports import settlement_asset
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.events import AccountSummary
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.messages.trading import BalanceEvent
from nautilus_paradex.protocol.numbers import decimal


_ACTIVE: Final = "ACTIVE"


class AccountKeeper:
    """
    Keeps the account's state and publishes its changes.

    Parameters
    ----------
    client : LiveExecutionClient
        Generates account states.
    rest : ParadexRest
        Reads the account.
    timing : Timing
        Sleep.
    schedule : Callable[[Callable[[], None]], object]
        Runs a callback in the loop's next turn: one burst of changes becomes one state.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        client: LiveExecutionClient,
        rest: ParadexRest,
        timing: Timing,
        schedule: Callable[[Callable[[], None]], object],
        log: Logger,
    ) -> None:
        self._client = client
        self._rest = rest
        self._timing = timing
        self._schedule = schedule
        self._log = log
        self._summary: AccountSummary | None = None
        self._balances: dict[str, Decimal] = {}
        self._balance_ns: dict[str, int] = {}
        self._left_out: set[str] = set()
        self._family = AccountFamily(rest, log)
        self._scheduled = False
        self._refreshing = False
        self.differences: list[str] = []
        """What the last reading said otherwise than the node did before."""

    async def refresh(self) -> None:
        """
        Read summary and balances by REST and publish them.

        Raises
        ------
        ParadexError
            If they cannot be read, or the settlement asset is none that can be held.

        """
        summary = await self._rest.account()
        balances = await self._rest.balances()
        await self._family.introduce(summary.account)
        before = dict(self._balances)
        self._take_summary(summary)
        tokens = {balance.token for balance in balances}
        for balance in balances:
            self._take_balance(
                balance.token, decimal(balance.size or "0"), balance.last_updated_at * 1_000_000
            )
        for token in set(self._balances) - tokens:
            self._balances[token] = Decimal(0)
        self.differences = [
            f"balance {token} is {size:f} here and {self._balances[token]:f} at the venue"
            for token, size in before.items()
            if token in self._balances and self._balances[token] != size
        ]
        self.publish()

    def moves_other_tokens(self, fill: Fill, instrument: Instrument | None) -> bool:
        """
        If a fill changes balances that no event tells.

        Balance events speak of the settlement asset only: the base token of spot and fees that are
        paid in DIME have to be read (trap 56, PROTOCOL 10.2).
        """
        if isinstance(instrument, CurrencyPair):
            return True
        return fill.fee_currency not in (None, "", settlement_asset(self._summary))

    async def refresh_later(self, delay_secs: float) -> None:
        """Read the account after a while; further calls until then mean the same reading."""
        if self._refreshing:
            return
        self._refreshing = True
        try:
            await self._timing.sleep(delay_secs)
        finally:
            self._refreshing = False
        try:
            await self.refresh()
        except ParadexError as e:
            self._log.warning(f"Cannot read the account: {e}")

    def on_summary(self, summary: AccountSummary) -> None:
        """Take an ``account`` event."""
        if self._take_summary(summary):
            self.publish_soon()

    def on_balance_event(self, event: BalanceEvent) -> None:
        """Take a ``balance_events`` event: what it says stands after the change is the truth."""
        token = event.settlement_asset_name
        if not token or not event.settlement_asset_balance_after:
            return
        after = decimal(event.settlement_asset_balance_after)
        if self._take_balance(token, after, event.created_at * 1_000_000):
            self.publish_soon()

    def publish(self) -> None:
        """Publish the present state."""
        self._scheduled = False
        if self._summary is None:
            return
        balances, margins = parse_account_state(self._summary, self._balances)
        self._client.generate_account_state(
            balances=balances,
            margins=margins,
            reported=True,
            ts_event=max(self._summary.updated_ns, *self._balance_ns.values(), 0),
            info=account_info(self._summary),
        )

    def publish_soon(self) -> None:
        """Publish the present state in the loop's next turn: a burst of changes becomes one."""
        if not self._scheduled:
            self._scheduled = True
            self._schedule(self.publish)

    def _take_summary(self, summary: AccountSummary) -> bool:
        if self._summary is not None and summary.updated_ns < self._summary.updated_ns:
            return False
        check_balance(settlement_asset(summary), summary.total_collateral)
        before = _ACTIVE if self._summary is None else self._summary.status
        if summary.status != before:
            self._log.warning(f"The account's status is {summary.status}, it was {before}")
        self._summary = summary
        return True

    def _take_balance(self, token: str, size: Decimal, ts_ns: int) -> bool:
        # Balances change many times a millisecond in a burst: the later of equals stands.
        if ts_ns < self._balance_ns.get(token, 0):
            return False
        try:
            check_balance(token, size)
        except WireError as e:
            self._leave_out(token, e)
            return False
        self._balances[token] = size
        self._balance_ns[token] = ts_ns
        return True

    def _leave_out(self, token: str, error: WireError) -> None:
        """Go on without a balance that the framework cannot hold: the others are right."""
        self._balances.pop(token, None)
        if token not in self._left_out:
            self._left_out.add(token)
            self._log.warning(f"The balance of {token[:32]!r} is left out of the account: {error}")
