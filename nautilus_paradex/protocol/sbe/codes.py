"""
Enumerations and flag sets of the SBE schema (PROTOCOL 7.5).

Codes of order, fill and position state are strict: what is not listed, the schema's own
NON_REPRESENTABLE (254) included, is an `UnmodelledValue`. Reference codes degrade to
``UNKNOWN(n)``. Flags that have no name are kept as ``BIT_n``.
"""

import re
from collections.abc import Iterable
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from nautilus_paradex.protocol.enums import FillType
from nautilus_paradex.protocol.enums import Instruction
from nautilus_paradex.protocol.enums import Liquidity
from nautilus_paradex.protocol.enums import OrderFlag
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import PositionStatus
from nautilus_paradex.protocol.enums import RequestStatus
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.enums import Stp
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import UnmodelledValue


class StateCodes[V: StrEnum | bool](dict[int, V]):
    """
    Codes of state: subscripting with a code that is not listed raises `UnmodelledValue`.

    Parameters
    ----------
    field : str
        The field's name, for errors.
    values : Mapping[int, StrEnum or bool]
        The codes.

    """

    def __init__(self, field: str, values: Mapping[int, V]) -> None:
        super().__init__(values)
        self.field = field
        self._codes = {value: code for code, value in values.items()}

    def __missing__(self, code: int) -> V:
        raise UnmodelledValue(self.field, code)

    def code(self, value: V) -> int:
        """Return the code of a value."""
        return self._codes[value]


_UNKNOWN: Final = re.compile(r"UNKNOWN\(([0-9]{1,3})\)", re.ASCII)


class NameCodes(dict[int, str]):
    """
    Codes of reference values: a code that is not listed reads ``UNKNOWN(n)``.

    Parameters
    ----------
    field : str
        The field's name, for errors.
    names : Mapping[int, str]
        The codes.

    """

    def __init__(self, field: str, names: Mapping[int, str]) -> None:
        super().__init__(names)
        self.field = field
        self._codes = {name: code for code, name in names.items()}

    def __missing__(self, code: int) -> str:
        return f"UNKNOWN({code})"

    def code(self, name: str) -> int:
        """
        Return the code of a name, also of ``UNKNOWN(n)``.

        Raises
        ------
        EncodeError
            If the schema has no such name.

        """
        listed = self._codes.get(name)
        if listed is not None:
            return listed
        unknown = _UNKNOWN.fullmatch(name)
        code = int(unknown[1]) if unknown else -1
        if not 0 <= code <= 255 or code in self:
            raise EncodeError(f"{self.field} has no code for {name!r}")
        return code


class Flags:
    """
    A set of one byte.

    Parameters
    ----------
    field : str
        The field's name, for errors.
    names : Mapping[int, str]
        The names of the bits; the others are named ``BIT_n``.
    other : int, optional
        The bit that stands for flags without a bit of their own, where the schema has one.

    """

    def __init__(self, field: str, names: Mapping[int, str], other: int | None = None) -> None:
        self.field = field
        self._other = other
        self.bits = {names.get(bit, f"BIT_{bit}"): bit for bit in range(8)}
        self._sets = tuple(
            frozenset(name for name, bit in self.bits.items() if byte >> bit & 1)
            for byte in range(256)
        )

    def names(self, byte: int) -> frozenset[str]:
        """Return the names of the bits that are set."""
        return self._sets[byte]

    def byte(self, names: Iterable[str]) -> int:
        """
        Return the byte for a set of names.

        Raises
        ------
        EncodeError
            If a name has no bit and the schema no bit for such.

        """
        byte = 0
        for name in names:
            bit = self.bits.get(name, self._other)
            if bit is None:
                raise EncodeError(f"{self.field} has no bit for {name!r}")
            byte |= 1 << bit
        return byte


SIDE: Final = StateCodes("side", {1: Side.BUY, 2: Side.SELL})

ORDER_TYPE: Final = StateCodes(
    "orderType",
    {
        1: OrderType.LIMIT,
        2: OrderType.MARKET,
        3: OrderType.STOP_LIMIT,
        4: OrderType.STOP_MARKET,
        5: OrderType.TAKE_PROFIT_LIMIT,
        6: OrderType.TAKE_PROFIT_MARKET,
        7: OrderType.STOP_LOSS_LIMIT,
        8: OrderType.STOP_LOSS_MARKET,
    },
)

ORDER_STATUS: Final = StateCodes(
    "status",
    {
        1: OrderStatus.NEW,
        2: OrderStatus.UNTRIGGERED,
        3: OrderStatus.OPEN,
        4: OrderStatus.CLOSED,
    },
)

TIME_IN_FORCE: Final = StateCodes(
    "timeInForce",
    {1: Instruction.GTC, 2: Instruction.IOC, 3: Instruction.POST_ONLY, 4: Instruction.RPI},
)

FILL_TYPE: Final = StateCodes(
    "fillType",
    {
        1: FillType.FILL,
        2: FillType.LIQUIDATION,
        3: FillType.UNWIND_TRANSFER,
        4: FillType.SETTLE_MARKET,
        5: FillType.RPI,
        6: FillType.BLOCK_TRADE,
    },
)

LIQUIDITY: Final = StateCodes("liquidity", {1: Liquidity.MAKER, 2: Liquidity.TAKER})

#: UNSPECIFIED (0) is handled where it is read: it says that there is no request.
REQUEST_STATUS: Final = StateCodes(
    "requestStatus",
    {
        1: RequestStatus.PENDING,
        2: RequestStatus.PROCESSED,
        3: RequestStatus.REJECTED,
        4: RequestStatus.SUCCESS,
    },
)

#: The schema's UNSPECIFIED (3) says nothing that could be acted on.
POSITION_STATUS: Final = StateCodes("status", {1: PositionStatus.OPEN, 2: PositionStatus.CLOSED})

#: If a book is a snapshot.
PACKAGE_IS_SNAPSHOT: Final = StateCodes("pkgType", {0: True, 1: False})

TRADE_TYPE: Final = NameCodes(
    "tradeType", {code: fill_type.value for code, fill_type in FILL_TYPE.items()}
)

STP_MODE: Final = NameCodes(
    "stp",
    {
        0: "NONE",
        1: Stp.EXPIRE_MAKER.value,
        2: Stp.EXPIRE_TAKER.value,
        3: Stp.EXPIRE_BOTH.value,
    },
)

ACCOUNT_STATUS: Final = NameCodes("status", {1: "ACTIVE", 2: "LIQUIDATION"})

REQUEST_TYPE: Final = NameCodes("requestType", {0: "UNSPECIFIED", 1: "MODIFY_ORDER"})

ASSET_KIND: Final = NameCodes(
    "assetKind", {0: "UNSPECIFIED", 1: "PERPETUAL_FUTURE", 2: "OPTION", 3: "SPOT"}
)

FUNDING_RATE_SOURCE: Final = NameCodes(
    "source",
    {
        0: "UNSPECIFIED",
        1: "PARADEX",
        2: "BINANCE",
        3: "BYBIT",
        4: "OKX",
        5: "DERIBIT",
        6: "DERIVE",
        7: "HYPERLIQUID",
        8: "LIGHTER",
        9: "DATABENTO",
        10: "PUBLISHER",
        11: "PYTH",
        12: "STORK",
    },
)

ORDER_FLAGS: Final = Flags(
    "flags",
    {
        0: OrderFlag.REDUCE_ONLY.value,
        1: OrderFlag.STOP_CONDITION_BELOW_TRIGGER.value,
        2: OrderFlag.STOP_CONDITION_ABOVE_TRIGGER.value,
        3: OrderFlag.INTERACTIVE.value,
        4: OrderFlag.TARGET_STRATEGY_VWAP.value,
        5: OrderFlag.MMP.value,
    },
)

FILL_FLAGS: Final = Flags(
    "flags", {0: "INTERACTIVE", 1: "RPI", 2: "FASTFILL", 7: "UNKNOWN"}, other=7
)
