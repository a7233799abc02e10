"""The state that all parts of the engine share, and how they announce what they did."""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from random import Random

from nautilus_paradex.simulator.engine.accounts import Account
from nautilus_paradex.simulator.engine.accounts import canonical_hex
from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.ids import Ids
from nautilus_paradex.simulator.engine.listing import Market
from nautilus_paradex.simulator.engine.margin import summarize
from nautilus_paradex.simulator.engine.model import AccountChanged
from nautilus_paradex.simulator.engine.model import AssetKind
from nautilus_paradex.simulator.engine.model import Bbo
from nautilus_paradex.simulator.engine.model import BboChanged
from nautilus_paradex.simulator.engine.model import Event
from nautilus_paradex.simulator.engine.model import FeeRates
from nautilus_paradex.simulator.engine.model import MarketEvent
from nautilus_paradex.simulator.engine.model import Refusal
from nautilus_paradex.simulator.engine.model import SettlementPrice
from nautilus_paradex.simulator.engine.model import SystemState
from nautilus_paradex.simulator.engine.orders import LiveOrder
from nautilus_paradex.simulator.engine.protection import Protections


#: The insurance fund's account: the other side of liquidations.
INSURANCE_ADDRESS = "0x1"
SILENT_HISTORY_LIMIT = 200


class VenueLedger:
    """The venue's own money, by what it came from; with the accounts' it sums to the deposits."""

    __slots__ = ("deposited", "dust", "fees", "funding", "funding_count", "token_fees")

    def __init__(self) -> None:
        self.deposited: dict[str, Decimal] = {}
        self.fees = ZERO
        self.token_fees: dict[str, Decimal] = {}
        self.funding = ZERO
        self.funding_count = 0
        self.dust = ZERO


class Core:
    """Markets, accounts, orders, the clock's last reading and the listeners."""

    def __init__(self, clock_us: Callable[[], int], rng: Random, history_limit: int) -> None:
        self._clock_us = clock_us
        self.now_us = clock_us()
        self.ids = Ids(rng)
        self.accounts_announced_us = self.now_us
        self.history_limit = history_limit
        self.state = SystemState.OK
        self.markets: dict[str, Market] = {}
        self.market_events: deque[MarketEvent] = deque(maxlen=history_limit)
        #: Kinds of all markets that ever were, for the fills of settled ones.
        self.kinds: dict[str, AssetKind] = {}
        self.settled: dict[str, SettlementPrice] = {}
        self.accounts: dict[str, Account] = {}
        self.orders: dict[str, LiveOrder] = {}
        self.ledger = VenueLedger()
        self.protections = Protections()
        self.listeners: list[Callable[[Event], None]] = []
        self._dirty_markets: dict[str, Market] = {}
        self._dirty_accounts: dict[str, Account] = {}
        self.insurance = Account(
            INSURANCE_ADDRESS,
            INSURANCE_ADDRESS,
            parent="",
            fees=FeeRates(),
            rpi_allowed=False,
            announce=False,
            history_limit=SILENT_HISTORY_LIMIT,
            now_us=self.now_us,
        )
        self.accounts[INSURANCE_ADDRESS] = self.insurance

    def tick(self) -> int:
        """Read the clock; the engine's time never goes back."""
        now = self._clock_us()
        self.now_us = max(self.now_us, now)
        return self.now_us

    # -- ANNOUNCING -----------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """Announce an event."""
        for listener in self.listeners:
            listener(event)

    def touch_market(self, market: Market) -> None:
        """Note that a book changed: `finish` announces its best prices."""
        self._dirty_markets[market.symbol] = market

    def touch_account(self, account: Account) -> None:
        """Note that collateral or margin changed: `finish` announces the account."""
        if account.announce:
            self._dirty_accounts[account.address] = account

    def finish(self) -> None:
        """End an operation: number book changes, announce best prices and accounts."""
        if self._dirty_markets:
            for symbol, market in list(self._dirty_markets.items()):
                if not market.batch_depth:
                    del self._dirty_markets[symbol]
                    self._announce_best(market)
        if self._dirty_accounts:
            accounts = list(self._dirty_accounts.values())
            self._dirty_accounts.clear()
            for account in accounts:
                self.announce_account(account)

    def announce_account(self, account: Account) -> None:
        """Announce an account's collateral and margin."""
        if self.listeners:
            self.emit(AccountChanged(summarize(self, account, self.ids.next_seq(self.now_us))))

    def _announce_best(self, market: Market) -> None:
        book = market.book
        api_changed, interactive_changed = book.commit(self.now_us)
        if not self.listeners:
            return
        for changed, interactive in ((api_changed, False), (interactive_changed, True)):
            if changed:
                self.emit(BboChanged(bbo_of(market, interactive=interactive), interactive))

    # -- LOOKING UP -----------------------------------------------------------------------------

    def market(self, symbol: str) -> Market:
        """Return a listed market or refuse."""
        market = self.markets.get(symbol)
        if market is None:
            raise Refusal("MARKET_NOT_FOUND", f"market {symbol} does not exist")
        return market

    def account(self, address: str) -> Account:
        """Return a registered account or refuse."""
        account = self.accounts.get(address)
        if account is None:
            try:
                account = self.accounts.get(canonical_hex(address))
            except ValueError:
                account = None
        if account is None:
            raise Refusal("ACCOUNT_NOT_FOUND", "account does not exist")
        return account

    def order(self, order_id: str) -> LiveOrder:
        """Return a known order or refuse."""
        order = self.orders.get(order_id)
        if order is None:
            raise Refusal("ORDER_ID_NOT_FOUND", f"order {order_id} does not exist")
        return order


def bbo_of(market: Market, *, interactive: bool) -> Bbo:
    """Return a market's last committed best prices."""
    book = market.book
    bid, bid_size, ask, ask_size = book.best_interactive if interactive else book.best_api
    return Bbo(
        market=market.symbol,
        bid=bid,
        bid_size=bid_size,
        ask=ask,
        ask_size=ask_size,
        seq_no=book.seq_no,
        updated_us=book.updated_us,
    )
