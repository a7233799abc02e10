"""A market while it trades: its listing, book, prices, funding and statistics."""

from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING

from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.book import Book
from nautilus_paradex.simulator.engine.enums import OPTION_KINDS
from nautilus_paradex.simulator.engine.klines import KlineSeries
from nautilus_paradex.simulator.engine.model import AssetKind
from nautilus_paradex.simulator.engine.model import FundingData
from nautilus_paradex.simulator.engine.model import MarketSpec
from nautilus_paradex.simulator.engine.model import PriceKind
from nautilus_paradex.simulator.engine.model import Trade
from nautilus_paradex.simulator.engine.orders import LiveOrder


if TYPE_CHECKING:
    from nautilus_paradex.simulator.engine.accounts import Holding


#: The settlement price averages the underlying over 30 minutes (PROTOCOL 9.3), sampled every 10 s.
TWAP_SAMPLES = 180
TWAP_STEP_US = 10_000_000


class Market:
    """
    A listed market.

    Parameters
    ----------
    spec : MarketSpec
        Its listing.
    history_limit : int
        Rows kept of trades and of funding data.

    """

    def __init__(self, spec: MarketSpec, history_limit: int) -> None:
        self.symbol = spec.symbol
        self.book = Book(spec.symbol)
        self.mark: Decimal | None = None
        self.underlying: Decimal | None = None
        self.external_fair: Decimal | None = None
        self.last: Decimal | None = None
        self.total_volume = ZERO
        self.open_interest = ZERO
        self.trades: deque[Trade] = deque(maxlen=history_limit)
        self.klines = {kind: KlineSeries() for kind in PriceKind}
        self.funding_index = ZERO
        self.funding_rate = ZERO
        self.funding_premium = ZERO
        self.funding_ticked_us = 0
        self.funding_published_us = 0
        self.funding_rows: deque[FundingData] = deque(maxlen=history_limit)
        self.twap: deque[Decimal] = deque(maxlen=TWAP_SAMPLES)
        self.twap_sampled_us = 0
        self.holders: dict[str, Holding] = {}
        self.untriggered: dict[str, LiveOrder] = {}
        self.resting: dict[str, LiveOrder] = {}
        self.batch_depth = 0
        self.relist(spec)

    def relist(self, spec: MarketSpec) -> None:
        """Take a changed listing over."""
        self.spec = spec
        self.is_spot = spec.asset_kind is AssetKind.SPOT
        self.is_option = spec.asset_kind in OPTION_KINDS
        params = spec.delta1_cross_margin_params
        self.imf_base = ZERO if params is None else params.imf_base
        self.mmf_factor = ZERO if params is None else params.mmf_factor

    @property
    def mark_or_zero(self) -> Decimal:
        """The mark price, 0 before the first one."""
        return ZERO if self.mark is None else self.mark

    @property
    def underlying_or_zero(self) -> Decimal:
        """The underlying's price, 0 before the first one."""
        return ZERO if self.underlying is None else self.underlying

    @property
    def fair(self) -> Decimal | None:
        """The external fair price, or the mark where none was ever set."""
        return self.mark if self.external_fair is None else self.external_fair

    def payoff(self, underlying: Decimal) -> Decimal:
        """Return an option's intrinsic value at a price of the underlying."""
        strike = self.spec.strike_price
        value = underlying - strike if self.spec.option_type == "CALL" else strike - underlying
        return max(value, ZERO)
