"""
Positions of several accounts of one node, kept apart (rule E19).

The framework names a netted position by instrument and strategy, whatever the account. All orders
that no strategy owns have the strategy ``EXTERNAL``: two accounts that were trading one market
before the node's start would share one position, and their reconciliations would undo each other.
So the accounts beside the first have external positions with a name of their own. A strategy's own
positions cannot be renamed: the framework refuses to close a netted position by another name.
"""

from typing import Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.model.events import OrderAccepted
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import PositionId
from nautilus_trader.model.identifiers import StrategyId


EXTERNAL: Final = StrategyId("EXTERNAL")


class AccountPositions:
    """
    Sees that an account's positions are its own.

    Parameters
    ----------
    account_id : AccountId
        The account.
    name : str, optional
        What its external positions are told apart by; None for the first account of the node,
        whose positions have the framework's own names.
    cache : Cache
        The framework's cache.
    log : Logger
        The room's log.

    """

    def __init__(self, account_id: AccountId, name: str | None, cache: Cache, log: Logger) -> None:
        self._account_id = account_id
        self._name = name
        self._cache = cache
        self._log = log
        self._shared: set[PositionId] = set()

    def on_event(self, event: OrderEvent) -> None:
        """
        Take an order event, as the framework publishes it.

        An order of an earlier run is accepted before its fills are applied, in the same call.
        """
        if event.account_id != self._account_id:
            return
        if isinstance(event, OrderFilled):
            self._check(event)
        elif isinstance(event, OrderAccepted) and event.strategy_id == EXTERNAL:
            self._name_position(event)

    def _name_position(self, event: OrderAccepted) -> None:
        if self._name is None or self._cache.position_id(event.client_order_id) is not None:
            return
        self._cache.add_position_id(
            PositionId(f"{event.instrument_id}-{EXTERNAL}-{self._name}"),
            event.instrument_id.venue,
            event.client_order_id,
            event.strategy_id,
        )

    def _check(self, event: OrderFilled) -> None:
        position = self._cache.position(event.position_id)
        if position is None or position.account_id == self._account_id:
            return
        if position.id in self._shared:
            return
        self._shared.add(position.id)
        self._log.error(
            f"{event.strategy_id} trades {event.instrument_id} on {position.account_id} and on "
            f"{self._account_id}: the framework nets both into the position {position.id}, which "
            "is neither account's; use one strategy per account"
        )
