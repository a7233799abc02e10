"""An account's state: keys, balances, what it holds in each market, histories."""

from collections import deque
from decimal import Decimal

from nautilus_paradex.simulator.engine.arithmetic import ONE
from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.arithmetic import amount
from nautilus_paradex.simulator.engine.listing import Market
from nautilus_paradex.simulator.engine.model import AccountKind
from nautilus_paradex.simulator.engine.model import AccountStatus
from nautilus_paradex.simulator.engine.model import FeeRates
from nautilus_paradex.simulator.engine.model import Fill
from nautilus_paradex.simulator.engine.model import FundingPayment
from nautilus_paradex.simulator.engine.model import Liquidation
from nautilus_paradex.simulator.engine.model import PublicKey
from nautilus_paradex.simulator.engine.model import Tradebust
from nautilus_paradex.simulator.engine.model import Transaction
from nautilus_paradex.simulator.engine.model import Transfer
from nautilus_paradex.simulator.engine.orders import LiveOrder


SETTLEMENT_ASSET = "USDC"


def canonical_hex(text: str) -> str:
    """
    Return a hex number in the one form that the engine keeps: lower case, no leading zeros.

    Raises
    ------
    ValueError
        If the text is no hex number.

    """
    return hex(int(text, 16))


class TokenBalance:
    """How much of a token an account owns and what it paid for it."""

    __slots__ = ("cost", "size", "updated_us")

    def __init__(self) -> None:
        self.size = ZERO
        self.cost = ZERO
        self.updated_us = 0

    def add(self, quantity: Decimal, unit_cost: Decimal, now_us: int) -> Decimal:
        """Change the size; return the PnL that a decrease realises against the average cost."""
        realized = ZERO
        if quantity < ZERO < self.size:
            released = amount(self.cost * -quantity / self.size)
            realized = amount(-quantity * unit_cost) - released
            self.cost -= released
        else:
            self.cost += quantity * unit_cost
        self.size += quantity
        self.updated_us = now_us
        return realized


class Outcome:
    """What a trade did to a holding."""

    __slots__ = ("dust", "realized_funding", "realized_pnl")

    def __init__(self, realized_pnl: Decimal, realized_funding: Decimal, dust: Decimal) -> None:
        self.realized_pnl = realized_pnl
        self.realized_funding = realized_funding
        self.dust = dust
        """What rounding to 8 places left over; the venue's."""


class Holding:
    """
    What an account has in one market: its net position and the sum of its open orders.

    ``cost`` is signed and exact, so that money is conserved to the last digit. Orders that can
    only reduce are left out of the sums.
    """

    __slots__ = (
        "account",
        "buy_notional",
        "buy_size",
        "cached_index",
        "closed_us",
        "cost",
        "created_us",
        "exit_notional",
        "exit_size",
        "last_fill_id",
        "live_count",
        "market",
        "realized_funding",
        "realized_pnl",
        "reducers",
        "sell_size",
        "side",
        "size",
        "updated_us",
    )

    def __init__(self, account: "Account", market: Market) -> None:
        self.account = account
        self.market = market
        self.size = ZERO
        self.cost = ZERO
        self.side = "LONG"
        self.cached_index = ZERO
        self.realized_pnl = ZERO
        self.realized_funding = ZERO
        self.exit_size = ZERO
        self.exit_notional = ZERO
        self.last_fill_id = ""
        self.created_us = 0
        self.updated_us = 0
        self.closed_us = 0
        self.live_count = 0
        self.buy_size = ZERO
        self.buy_notional = ZERO
        self.sell_size = ZERO
        self.reducers: dict[str, LiveOrder] = {}

    @property
    def unrealized_funding(self) -> Decimal:
        """Funding that accrued since the last change; positive = to be received."""
        if not self.size:
            return ZERO
        return amount(-self.size * (self.market.funding_index - self.cached_index))

    @property
    def unrealized_pnl(self) -> Decimal:
        """PnL at the mark price, with funding."""
        if not self.size:
            return ZERO
        return amount(self.size * self.market.mark_or_zero - self.cost) + self.unrealized_funding

    def apply(self, quantity: Decimal, price: Decimal, now_us: int) -> Outcome:
        """Trade a signed quantity at a price."""
        funding = self.unrealized_funding
        self.realized_funding += funding
        self.cached_index = self.market.funding_index
        old = self.size
        realized = dust = ZERO
        if not old or (old > ZERO) == (quantity > ZERO):
            self.cost += quantity * price
            if not old:
                self._open(now_us)
        else:
            realized, dust = self._reduce(quantity, price, now_us)
        self.size = old + quantity
        if self.size:
            self.side = "LONG" if self.size > ZERO else "SHORT"
        self.updated_us = now_us
        return Outcome(realized, funding, dust)

    def _open(self, now_us: int) -> None:
        self.created_us = now_us
        self.closed_us = 0
        self._forget()

    def _forget(self) -> None:
        # Realised fields start again on close and flip (PROTOCOL 10.3).
        self.realized_pnl = self.realized_funding = ZERO
        self.exit_size = self.exit_notional = ZERO

    def _reduce(self, quantity: Decimal, price: Decimal, now_us: int) -> tuple[Decimal, Decimal]:
        held = abs(self.size)
        closed = min(abs(quantity), held)
        proceeds = closed * price if self.size > ZERO else -closed * price
        if closed < held:
            realized = amount(proceeds - self.cost * closed / held)
            self.cost -= proceeds - realized
            self.realized_pnl += realized
            self.exit_size += closed
            self.exit_notional += closed * price
            return realized, ZERO
        realized = amount(proceeds - self.cost)
        dust = proceeds - self.cost - realized
        rest = self.size + quantity
        self.cost = rest * price
        if rest:
            self._open(now_us)
        else:
            self._forget()
            self.closed_us = now_us
        return realized, dust


class Account:
    """
    An account.

    Parameters
    ----------
    address : str
        Canonical hex.
    public_key : str
        The main key, canonical hex.
    parent : str
        The main account's address or empty.
    isolated_market : str
        The only market of an isolated account, or empty.
    fees : FeeRates
        Its fee rates.
    announce : bool
        If its private events are announced.
    history_limit : int
        Rows kept of each history.
    now_us : int
        The time, UNIX microseconds.

    """

    def __init__(
        self,
        address: str,
        public_key: str,
        *,
        parent: str,
        isolated_market: str = "",
        fees: FeeRates,
        rpi_allowed: bool,
        announce: bool,
        history_limit: int,
        now_us: int,
    ) -> None:
        self.address = address
        self.parent = parent
        self.isolated_market = isolated_market
        self.kind = AccountKind.SUBACCOUNT if parent else AccountKind.MAIN
        self.keys: dict[str, PublicKey] = {
            public_key: PublicKey(public_key=public_key, is_main=True, created_us=now_us)
        }
        self.public_key = public_key
        self.fees = fees
        #: If fees are paid in DIME although the order does not ask for it (trap 56).
        self.pays_in_dime = False
        self.rpi_allowed = rpi_allowed
        self.announce = announce
        self.created_us = now_us
        self.status = AccountStatus.ACTIVE
        self.balances: dict[str, TokenBalance] = {SETTLEMENT_ASSET: TokenBalance()}
        self.holdings: dict[str, Holding] = {}
        self.leverages: dict[str, int] = {}
        self.max_slippages: dict[str, Decimal] = {}
        self.live: dict[str, LiveOrder] = {}
        self.live_by_client_id: dict[str, LiveOrder] = {}
        self.closed: deque[LiveOrder] = deque()
        self.closed_client_ids: dict[str, LiveOrder] = {}
        self.history_limit = history_limit
        self.fills: deque[Fill] = deque(maxlen=history_limit)
        self.funding_payments: deque[FundingPayment] = deque(maxlen=history_limit)
        self.transfers: deque[Transfer] = deque(maxlen=history_limit)
        self.transactions: deque[Transaction] = deque(maxlen=history_limit)
        self.tradebusts: deque[Tradebust] = deque(maxlen=history_limit)
        self.liquidations: deque[Liquidation] = deque(maxlen=history_limit)

    @property
    def cash(self) -> Decimal:
        """USDC balance."""
        return self.balances[SETTLEMENT_ASSET].size

    def token(self, token: str) -> TokenBalance:
        """Return a token's balance, empty if it is new."""
        balance = self.balances.get(token)
        if balance is None:
            balance = self.balances[token] = TokenBalance()
        return balance

    def holding(self, market: Market) -> Holding:
        """Return what the account has in a market, empty if it is new."""
        holding = self.holdings.get(market.symbol)
        if holding is None:
            holding = self.holdings[market.symbol] = Holding(self, market)
        return holding

    def imf(self, market: Market) -> Decimal:
        """Return the initial margin fraction of a perpetual under the account's leverage."""
        base = market.imf_base
        leverage = self.leverages.get(market.symbol)
        return base if leverage is None else max(base, ONE / leverage)
