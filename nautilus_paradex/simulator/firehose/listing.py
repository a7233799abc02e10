"""What the firehose lists: as many perpetuals and options as asked for, and their prices."""

from collections.abc import Iterator
from random import Random
from typing import Any
from typing import Final

import msgspec

from nautilus_paradex.protocol.messages import Delta1MarginParams
from nautilus_paradex.protocol.messages import FeeConfig
from nautilus_paradex.protocol.messages import FeeWithCap
from nautilus_paradex.protocol.messages import MakerTakerFee
from nautilus_paradex.protocol.messages import Market
from nautilus_paradex.protocol.numbers import UNIT


#: 21 November 2025 and 27 November 2026, 08:00 UTC: listed long ago, and far from settled.
_OPEN_AT_MS: Final = 1_763_712_000_000
_EXPIRY_AT_MS: Final = 1_795_766_400_000
_OPTION_BASES: Final = ("BTC", "ETH")

_FEES: Final = FeeConfig(
    api_fee=MakerTakerFee(maker_fee=FeeWithCap(fee="0.00003"), taker_fee=FeeWithCap(fee="0.00045"))
)


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A market and what its feeds are made of; prices and sizes in units of 1e-8."""

    market: Market
    price_e8: int
    """About where it trades."""
    tick_e8: int
    lot_e8: int
    is_option: bool = False

    @property
    def symbol(self) -> str:
        """The market's symbol."""
        return self.market.symbol


class FirehoseListing(msgspec.Struct, frozen=True, kw_only=True):
    """How many markets there are."""

    perpetuals: int = 300
    options: int = 2_000

    def markets(self, seed: int) -> list[Listed]:
        """Return the markets, perpetuals first; the same for a seed."""
        random = Random(seed)
        return [*_perpetuals(self.perpetuals, random), *_options(self.options, random)]


def perpetual_symbol(number: int) -> str:
    """Return the symbol of the n-th perpetual; the first two have names that everybody knows."""
    base = _OPTION_BASES[number] if number < len(_OPTION_BASES) else f"C{number:04d}"
    return f"{base}-USD-PERP"


def _perpetuals(count: int, random: Random) -> Iterator[Listed]:
    for number in range(count):
        symbol = perpetual_symbol(number)
        price = random.randrange(100, 100_000) * UNIT
        yield Listed(
            market=Market(
                symbol=symbol,
                asset_kind="PERP",
                base_currency=symbol.partition("-")[0],
                price_tick_size="0.1",
                order_size_increment="0.001",
                max_open_orders=150,
                option_type="",
                strike_price="0",
                delta1_cross_margin_params=Delta1MarginParams(
                    imf_base="0.02", imf_factor="0", imf_shift="0", mmf_factor="0.5"
                ),
                **_common(),
            ),
            price_e8=price,
            tick_e8=UNIT // 10,
            lot_e8=UNIT // 1_000,
        )


def _options(count: int, random: Random) -> Iterator[Listed]:
    for number in range(count):
        base = _OPTION_BASES[number % len(_OPTION_BASES)]
        kind = ("CALL", "PUT")[number // len(_OPTION_BASES) % 2]
        strike = 10_000 + 50 * (number // 4)
        yield Listed(
            market=Market(
                symbol=f"{base}-USD-27NOV26-{strike}-{kind[0]}",
                asset_kind="OPTION",
                base_currency=base,
                price_tick_size="0.01",
                order_size_increment="0.001",
                max_open_orders=100,
                option_type=kind,
                strike_price=str(strike),
                expiry_at=_EXPIRY_AT_MS,
                **_common(),
            ),
            price_e8=random.randrange(50, 5_000) * UNIT,
            tick_e8=UNIT // 100,
            lot_e8=UNIT // 1_000,
            is_option=True,
        )


def _common() -> dict[str, Any]:
    return {
        "quote_currency": "USD",
        "settlement_currency": "USDC",
        "market_kind": "cross",
        "trading_mode": "STANDARD",
        "min_notional": "10",
        "max_order_size": "1000",
        "position_limit": "10000",
        "open_at": _OPEN_AT_MS,
        "price_bands_width": "0.05",
        "fee_config": _FEES,
    }
