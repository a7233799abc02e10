"""What the API checks before an order reaches the engine (PROTOCOL 5.1, 5.7, 8.3, 8.5)."""

from decimal import Decimal

from nautilus_paradex.simulator.engine.accounts import Account
from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.arithmetic import is_multiple
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.enums import MARKET_TYPES
from nautilus_paradex.simulator.engine.enums import TPSL_TYPES
from nautilus_paradex.simulator.engine.enums import TRIGGER_TYPES
from nautilus_paradex.simulator.engine.listing import Market
from nautilus_paradex.simulator.engine.model import AssetKind
from nautilus_paradex.simulator.engine.model import Instruction
from nautilus_paradex.simulator.engine.model import ModifyCommand
from nautilus_paradex.simulator.engine.model import OrderCommand
from nautilus_paradex.simulator.engine.model import OrderFlag
from nautilus_paradex.simulator.engine.model import OrderStatus
from nautilus_paradex.simulator.engine.model import OrderType
from nautilus_paradex.simulator.engine.model import Refusal
from nautilus_paradex.simulator.engine.model import Side
from nautilus_paradex.simulator.engine.model import SystemState
from nautilus_paradex.simulator.engine.model import TradingMode
from nautilus_paradex.simulator.engine.orders import LiveOrder


CLIENT_ID_LIMIT = 64
_PASSIVE = frozenset({Instruction.POST_ONLY, Instruction.RPI})
_REQUEST_FLAGS = frozenset({OrderFlag.REDUCE_ONLY, OrderFlag.MMP})
_PROTECTED_KINDS = frozenset({AssetKind.PERP, AssetKind.OPTION})
_PARAMETER = "INVALID_REQUEST_PARAMETER"
_SIZE = "INVALID_ORDER_SIZE"


def check_order(core: Core, account: Account, market: Market, command: OrderCommand) -> None:
    """Raise `Refusal` for an order that the API does not take."""
    check_state(core, command.instruction)
    _check_market(core, market)
    if account.isolated_market not in ("", market.symbol):
        raise Refusal("ISOLATED_MARKET_ACCOUNT_MISMATCH", f"not the market {market.symbol}")
    _check_client_id(account, command.client_id)
    _check_shape(market, command)
    _check_permissions(core, account, command)
    _check_numbers(account, market, command)
    _check_min_notional(
        account, market, command.side, command.size, command.price, _is_reduce_only(command)
    )
    holding = account.holdings.get(market.symbol)
    if holding is not None and holding.live_count >= market.spec.max_open_orders:
        raise Refusal(
            _PARAMETER, f"maximum of {market.spec.max_open_orders} open orders is reached"
        )


def check_state(core: Core, instruction: Instruction) -> None:
    """Raise `Refusal` where the exchange's state does not take such an order (PROTOCOL 8.3)."""
    if core.state is SystemState.OK:
        return
    if core.state is SystemState.MAINTENANCE:
        raise Refusal("SERVICE_UNAVAILABLE", "the exchange is under maintenance")
    if core.state is SystemState.CANCEL_ONLY:
        raise Refusal("SYSTEM_STATUS_CANCEL_ONLY", "the exchange is in cancel only mode")
    if instruction not in _PASSIVE:
        raise Refusal("SYSTEM_STATUS_POST_ONLY", "the exchange is in post only mode")


def _check_market(core: Core, market: Market) -> None:
    spec = market.spec
    if spec.open_at * 1000 > core.now_us:
        raise Refusal("MARKET_NOT_OPEN", f"market {spec.symbol} is not open yet")
    if spec.expiry_at and spec.expiry_at * 1000 <= core.now_us:
        raise Refusal("MARKET_NOT_OPEN", f"market {spec.symbol} has expired")
    if spec.trading_mode is TradingMode.RFQ_ONLY:
        raise Refusal(_PARAMETER, f"market {spec.symbol} trades by RFQ only")
    if spec.market_kind != "cross":
        raise Refusal("MARKET_MARGIN_RESTRICTED", f"market {spec.symbol} needs isolated margin")


def _check_client_id(account: Account, client_id: str) -> None:
    if not client_id:
        return
    if len(client_id) > CLIENT_ID_LIMIT:
        raise Refusal(
            "VALIDATION_ERROR", f"client_id: the length must be no more than {CLIENT_ID_LIMIT}."
        )
    if client_id in account.live_by_client_id:
        raise Refusal("DUPLICATED_CLIENT_ID", f"client id {client_id} is used by an open order")


def _is_reduce_only(command: OrderCommand) -> bool:
    return OrderFlag.REDUCE_ONLY in command.flags


def _check_shape(market: Market, command: OrderCommand) -> None:
    kind, instruction = command.type, command.instruction
    if kind in TRIGGER_TYPES and (market.is_spot or market.is_option):
        raise Refusal(_PARAMETER, f"type: {kind} is not available on {market.symbol}")
    if kind in TPSL_TYPES and not _is_reduce_only(command):
        raise Refusal(_PARAMETER, f"flags: {kind} must be REDUCE_ONLY")
    if market.is_spot and _is_reduce_only(command):
        raise Refusal(_PARAMETER, "flags: REDUCE_ONLY is not available on spot markets")
    if kind in MARKET_TYPES and instruction in _PASSIVE:
        raise Refusal(_PARAMETER, f"instruction: {instruction} needs a limit order")
    if instruction is Instruction.RPI and (kind is not OrderType.LIMIT or market.is_spot):
        raise Refusal(_PARAMETER, "instruction: RPI is not available for this order")
    if OrderFlag.MMP in command.flags and (
        kind is not OrderType.LIMIT or market.spec.asset_kind not in _PROTECTED_KINDS
    ):
        raise Refusal(_PARAMETER, "flags: MMP is for LIMIT orders of perps and dated options")
    if command.vwap_price is not None and kind is not OrderType.MARKET:
        raise Refusal(_PARAMETER, "vwap_price: only MARKET orders have one")


def _check_permissions(core: Core, account: Account, command: OrderCommand) -> None:
    for flag in command.flags:
        if flag not in _REQUEST_FLAGS:
            raise Refusal(_PARAMETER, f"flags: {flag} is not allowed")
    if OrderFlag.MMP in command.flags and account.address not in core.protections.allowed:
        raise Refusal("MMP_NOT_ENABLED", "MMP is not enabled for this account")
    if command.instruction is Instruction.RPI and not account.rpi_allowed:
        raise Refusal("RPI_ACCOUNT_NOT_WHITELISTED", "account may not place RPI orders")


def _check_numbers(account: Account, market: Market, command: OrderCommand) -> None:
    holding = account.holdings.get(market.symbol)
    has_position = holding is not None and bool(holding.size)
    # A TP or SL of size 0 stands for the whole position (PROTOCOL 5.1).
    if not (command.type in TPSL_TYPES and not command.size and has_position):
        check_size(market, command.size)
    check_prices(market, command.type, command.price, command.trigger_price)
    if command.vwap_price is not None and command.vwap_price <= ZERO:
        raise Refusal(_PARAMETER, "vwap_price: must be positive")


def check_size(market: Market, size: Decimal) -> None:
    """Raise `Refusal` for a size off the lot or beyond the market's largest."""
    spec = market.spec
    if not size.is_finite() or size <= ZERO:
        raise Refusal(_SIZE, "size: must be a non-negative non-zero number.")
    if not is_multiple(size, spec.order_size_increment):
        raise Refusal(_SIZE, f"size: must be a multiple of {spec.order_size_increment}")
    if size > spec.max_order_size:
        raise Refusal(_SIZE, f"size: must not exceed {spec.max_order_size}")


def check_prices(
    market: Market, kind: OrderType, price: Decimal | None, trigger_price: Decimal | None
) -> None:
    """Raise `Refusal` for prices that are missing, superfluous or off the tick."""
    if kind in MARKET_TYPES:
        if price:
            raise Refusal(_PARAMETER, f"price: must be 0 for {kind}")
    else:
        _check_price(market, "price", price)
    if kind in TRIGGER_TYPES:
        _check_price(market, "trigger_price", trigger_price)
    elif trigger_price:
        raise Refusal(_PARAMETER, f"trigger_price: must be empty for {kind}")


def _check_price(market: Market, field: str, price: Decimal | None) -> None:
    if price is None or not price.is_finite() or price <= ZERO:
        raise Refusal(_PARAMETER, f"{field}: must be a positive number")
    tick = market.spec.price_tick_size
    if not is_multiple(price, tick):
        raise Refusal(_PARAMETER, f"{field}: must be a multiple of {tick}")


def _check_min_notional(
    account: Account,
    market: Market,
    side: Side,
    size: Decimal,
    price: Decimal | None,
    reduce_only: bool,
) -> None:
    if not size:
        return
    reference = market.underlying if market.is_option else market.mark
    if reference is None:
        reference = price or None
    if reference is None or size * reference >= market.spec.min_notional:
        return
    holding = account.holdings.get(market.symbol)
    held = ZERO if holding is None else holding.size
    if reduce_only and held == (-size if side is Side.BUY else size):
        return
    raise Refusal(_SIZE, f"size: notional is below the minimum of {market.spec.min_notional} USD")


def check_modify(core: Core, order: LiveOrder, command: ModifyCommand) -> None:
    """Raise `Refusal` for a change that the API does not take (PROTOCOL 5.6)."""
    if order.status not in (OrderStatus.OPEN, OrderStatus.UNTRIGGERED):
        raise Refusal("ORDER_IS_NOT_OPEN", f"order {order.id} is not open, cannot be modified.")
    if (command.market, command.side, command.type) != (
        order.market.symbol,
        order.side,
        order.type,
    ):
        raise Refusal(_PARAMETER, "market, side and type must repeat the order's")
    check_state(core, order.instruction)
    check_size(order.market, command.size)
    price = command.price or None
    trigger = command.trigger_price or None
    if order.status is OrderStatus.OPEN:
        # What has triggered keeps its trigger price, repeated or not.
        if trigger not in (None, order.trigger_price):
            raise Refusal(_PARAMETER, "trigger_price: cannot be modified any more")
        trigger = order.trigger_price
    check_prices(order.market, order.type, price, trigger)
    _check_min_notional(
        order.account, order.market, order.side, command.size, price, order.reduce_only
    )
    if (command.size, price, trigger) == (order.size, order.price, order.trigger_price):
        raise Refusal(_PARAMETER, "no order parameters changed")
