"""How markets settled and changed, as custom data (PROTOCOL 4.1)."""

from typing import Final

import msgspec
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.protocol.messages.markets import MarketEvent
from nautilus_paradex.protocol.messages.markets import SettlementPrice
from nautilus_paradex.protocol.numbers import decimal
from nautilus_paradex.protocol.numbers import optional_decimal
from nautilus_paradex.types import ParadexMarketChange
from nautilus_paradex.types import ParadexSettlementPrice


_NS_PER_MS: Final = 1_000_000


def parse_settlement_price(
    message: SettlementPrice, instrument_id: InstrumentId, ts_init: int
) -> ParadexSettlementPrice:
    """
    Return how a market settled.

    Raises
    ------
    NumberError
        If a price is no number.

    """
    return ParadexSettlementPrice(
        instrument_id=instrument_id,
        settlement_price=decimal(message.settlement_price),
        underlying_twap_price=optional_decimal(message.underlying_twap_price),
        ts_event=message.expiry_at * _NS_PER_MS or ts_init,
        ts_init=ts_init,
    )


def parse_market_change(
    message: MarketEvent, instrument_id: InstrumentId, ts_init: int | None = None
) -> ParadexMarketChange:
    """Return what happened to a listing; `ts_init` is the time of the event where None."""
    fields = msgspec.to_builtins(message.changed_fields) or {}
    changed = {name: value for name, value in fields.items() if value is not None}
    ts_event = message.updated_at * _NS_PER_MS
    return ParadexMarketChange(
        instrument_id=instrument_id,
        event_type=message.event_type,
        changes=msgspec.json.encode(changed).decode(),
        ts_event=ts_event,
        ts_init=ts_event if ts_init is None else ts_init,
    )
