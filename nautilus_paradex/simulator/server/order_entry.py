"""
Orders as clients send them: parsed, checked and signed, for REST and WebSocket alike.

As strict as the venue: amounts are JSON strings, required fields are required, a stale or
wrongly signed order is refused before the engine sees it (PROTOCOL 3, 5). Unknown fields are
ignored.
"""

import re
from collections.abc import Mapping
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any
from typing import Final

from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server.auth import Principal
from nautilus_paradex.simulator.server.auth import normalize_felt
from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.refusals import missing
from nautilus_paradex.simulator.server.signatures import parse_signature
from nautilus_paradex.simulator.server.venue import Venue


type Body = Mapping[str, Any]

_AMOUNT: Final = re.compile(r"[0-9]{1,18}(?:\.([0-9]{1,40}))?", re.ASCII)
_SHORT_STRING_MAX: Final = 31
_RECV_WINDOW_MIN_MS: Final = 10
_BAD_SIGNATURE: Final = "INVALID_ORDER_SIGNATURE"


class OrderEntry:
    """
    Checks orders before the engine.

    Parameters
    ----------
    venue : Venue
        The running venue.

    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def order(self, principal: Principal, body: Body, received_us: int) -> model.OrderCommand:
        """
        Return the command of an order's JSON.

        Raises
        ------
        Refusal
            With the venue's code for what is missing, malformed, stale or wrongly signed.

        """
        account = self._account(principal, body)
        order_type = _enum(body, "type", model.OrderType)
        is_market = order_type in _MARKET_TYPES
        price = _amount(body, "price", required=not is_market)
        command = model.OrderCommand(
            account=account,
            market=_market(body),
            side=_enum(body, "side", model.Side),
            type=order_type,
            size=_required_amount(body, "size"),
            price=None if is_market else price,
            trigger_price=_amount(body, "trigger_price"),
            instruction=_enum(body, "instruction", model.Instruction, model.Instruction.GTC),
            client_id=_string(body, "client_id"),
            stp=_enum(body, "stp", model.Stp, model.Stp.EXPIRE_TAKER),
            flags=_flags(body),
            vwap_price=_amount(body, "vwap_price"),
            dime_discount=_flag(body, "dime_discount"),
            signature_ms=self._timestamp(body, received_us),
            received_us=received_us,
        )
        message = self._venue.authority.hashes.order(
            int(account, 16),
            timestamp_ms=command.signature_ms,
            market=command.market,
            side=command.side,
            order_type=command.type,
            size_e8=_e8(command.size),
            price_e8=_e8(price or Decimal(0)),
        )
        self._check_signature(principal, body, message)
        return command

    def batch(
        self, principal: Principal, bodies: object, received_us: int
    ) -> list[model.OrderCommand]:
        """
        Return the commands of a batch; one bad signature refuses all of it (trap 25).

        Raises
        ------
        Refusal
            BATCH_SIZE_OUT_OF_RANGE, or what `order` raises.

        """
        if not isinstance(bodies, list):
            raise Refusal("BINDING_ERROR", "body must be an array")
        self._check_batch_size(len(bodies))
        return [self.order(principal, _object(body), received_us) for body in bodies]

    def modification(
        self, principal: Principal, order_id: str, body: Body, received_us: int
    ) -> model.ModifyCommand:
        """
        Return the command of a modification's JSON.

        Raises
        ------
        Refusal
            With the venue's code for what is missing, malformed, stale or wrongly signed.

        """
        account = self._account(principal, body)
        order_type = _enum(body, "type", model.OrderType)
        stated_id = _string(body, "id")
        if stated_id and stated_id != order_id:
            raise Refusal("VALIDATION_ERROR", "id: does not match the path.")
        if not order_id.isascii() or not order_id.isdigit() or len(order_id) > 40:
            raise Refusal("ORDER_ID_NOT_FOUND", "order id not found")
        price = _amount(body, "price", required=order_type not in _MARKET_TYPES)
        command = model.ModifyCommand(
            account=account,
            order_id=order_id,
            market=_market(body),
            side=_enum(body, "side", model.Side),
            type=order_type,
            size=_required_amount(body, "size"),
            price=price or None,
            trigger_price=_amount(body, "trigger_price"),
            signature_ms=self._timestamp(body, received_us),
        )
        message = self._venue.authority.hashes.modify(
            int(account, 16),
            timestamp_ms=command.signature_ms,
            market=command.market,
            side=command.side,
            order_type=command.type,
            size_e8=_e8(command.size),
            price_e8=_e8(price or Decimal(0)),
            order_id=order_id,
        )
        self._check_signature(principal, body, message)
        return command

    def batch_ids(self, body: Body) -> tuple[list[str], list[str]]:
        """
        Return (order ids, client ids) of a batch cancel.

        Raises
        ------
        Refusal
            BATCH_SIZE_OUT_OF_RANGE, or BINDING_ERROR for anything but strings.

        """
        order_ids = _strings(body, "order_ids")
        client_ids = _strings(body, "client_order_ids")
        self._check_batch_size(len(order_ids) + len(client_ids))
        return order_ids, client_ids

    def _check_batch_size(self, size: int) -> None:
        if not 1 <= size <= self._venue.config.batch_max:
            raise Refusal(
                "BATCH_SIZE_OUT_OF_RANGE",
                f"batch size must be between 1 and {self._venue.config.batch_max}",
            )

    def _account(self, principal: Principal, body: Body) -> str:
        on_behalf = _string(body, "on_behalf_of_account")
        if on_behalf and normalize_felt(on_behalf) != principal.account:
            raise Refusal("ISOLATED_MARKET_ACCOUNT_MISMATCH", "account mismatch")
        return principal.account

    def _timestamp(self, body: Body, received_us: int) -> int:
        timestamp = _integer(body, "signature_timestamp")
        if timestamp is None:
            raise missing("signature_timestamp")
        config = self._venue.config
        window = _integer(body, "recv_window")
        if window is None:
            window = config.default_recv_window_ms
        elif window < _RECV_WINDOW_MIN_MS:
            raise Refusal("VALIDATION_ERROR", "recv_window: must be no less than 10.")
        received_ms = received_us // 1000
        if received_ms > timestamp + window:
            raise Refusal("INVALID_TIMESTAMP", "signature_timestamp: outside of recv_window")
        if timestamp > received_ms + config.max_clock_ahead_ms:
            raise Refusal("INVALID_TIMESTAMP", "signature_timestamp: is in the future")
        return timestamp

    def _check_signature(self, principal: Principal, body: Body, message: int) -> None:
        text = body.get("signature")
        if not text:
            raise missing("signature")
        if not isinstance(text, str):
            raise _not("signature", "string")
        signature = parse_signature(text, _BAD_SIGNATURE)
        if not self._venue.authority.is_order_signature(principal, message, signature):
            raise Refusal(_BAD_SIGNATURE, "order signature verification failed")


_MARKET_TYPES: Final = frozenset(kind for kind in model.OrderType if kind.endswith("MARKET"))


def object_of(value: object) -> Body:
    """
    Return a JSON object.

    Raises
    ------
    Refusal
        BINDING_ERROR for another value.

    """
    return _object(value)


def _object(value: object) -> Body:
    if not isinstance(value, dict):
        raise Refusal("BINDING_ERROR", "an object is expected")
    return value


def _not(field: str, kind: str) -> Refusal:
    return Refusal("BINDING_ERROR", f"{field}: cannot be read as {kind}")


def _string(body: Body, field: str) -> str:
    value = body.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _not(field, "string")
    return value


def _strings(body: Body, field: str) -> list[str]:
    value = body.get(field)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _not(field, "array of strings")
    return value


def _integer(body: Body, field: str) -> int | None:
    value = body.get(field)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value < 2**63:
        raise _not(field, "integer")
    return value


def _flag(body: Body, field: str) -> bool:
    value = body.get(field)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise _not(field, "boolean")
    return value


def _amount(body: Body, field: str, required: bool = False) -> Decimal | None:
    text = _string(body, field)
    if not text:
        if required:
            raise missing(field)
        return None
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise Refusal("VALIDATION_ERROR", f"{field}: must be a decimal number.")
    if match[1] and len(match[1].rstrip("0")) > 8:
        raise Refusal("VALIDATION_ERROR", f"{field}: has more than 8 decimal places.")
    return Decimal(text)


def _required_amount(body: Body, field: str) -> Decimal:
    value = _amount(body, field, required=True)
    if value is None:
        raise missing(field)
    return value


def _e8(value: Decimal) -> int:
    return int(value.scaleb(8))


def _market(body: Body) -> str:
    market = _string(body, "market")
    if not market:
        raise missing("market")
    # A longer name cannot be signed (trap 26): no market has one.
    if not market.isascii() or len(market) > _SHORT_STRING_MAX:
        raise Refusal("INVALID_SYMBOL", "market: is invalid")
    return market


def _enum[E: StrEnum](body: Body, field: str, kind: type[E], default: E | None = None) -> E:
    text = _string(body, field)
    if not text:
        if default is None:
            raise missing(field)
        return default
    try:
        return kind(text)
    except ValueError:
        raise Refusal("VALIDATION_ERROR", f"{field}: must be a valid value.") from None


def _flags(body: Body) -> tuple[model.OrderFlag, ...]:
    names: Sequence[str] = _strings(body, "flags")
    try:
        return tuple(model.OrderFlag(name) for name in names)
    except ValueError:
        raise Refusal("VALIDATION_ERROR", "flags: must be a valid value.") from None
