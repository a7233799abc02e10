"""Funding history as the framework's funding rates (PROTOCOL 9.5)."""

from typing import Final

from nautilus_trader.model.data import FundingRateUpdate
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.protocol.events import FundingData


_MINUTES_PER_HOUR: Final = 60


def parse_funding_row(
    event: FundingData, instrument_id: InstrumentId, interval: int, ts_init: int | None = None
) -> FundingRateUpdate:
    """
    Return a row's funding rate: of the market's own period, as a fraction.

    Funding accrues every second; there is no time of a next payment.

    Parameters
    ----------
    event : FundingData
        The venue's row.
    instrument_id : InstrumentId
        The instrument.
    interval : int
        The market's period, minutes, for old rows which carry none.
    ts_init : int, optional
        UNIX nanoseconds; the row's own time where None, since the framework sorts and bounds
        history by it.

    """
    return FundingRateUpdate(
        instrument_id,
        event.funding_rate,
        event.created_ns,
        event.created_ns if ts_init is None else ts_init,
        interval=event.funding_period_hours * _MINUTES_PER_HOUR or interval,
    )
