"""Opening accounts and moving tokens in and out."""

from decimal import Decimal

from nautilus_paradex.simulator.engine.accounts import SETTLEMENT_ASSET
from nautilus_paradex.simulator.engine.accounts import Account
from nautilus_paradex.simulator.engine.accounts import canonical_hex
from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.core import SILENT_HISTORY_LIMIT
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.listing import Market
from nautilus_paradex.simulator.engine.margin import Totals
from nautilus_paradex.simulator.engine.model import BalanceChanged
from nautilus_paradex.simulator.engine.model import BalanceEvent
from nautilus_paradex.simulator.engine.model import FeeRates
from nautilus_paradex.simulator.engine.model import MarginConfig
from nautilus_paradex.simulator.engine.model import PublicKey
from nautilus_paradex.simulator.engine.model import Refusal
from nautilus_paradex.simulator.engine.model import Transfer
from nautilus_paradex.simulator.engine.model import TransferChanged
from nautilus_paradex.simulator.engine.model import TransferKind


def register(
    core: Core,
    address: str,
    public_key: str,
    *,
    parent: str,
    isolated_market: str,
    fees: FeeRates | None,
    rpi_allowed: bool,
    announce: bool,
) -> None:
    """Open an account."""
    address, public_key = _hex(address), _hex(public_key)
    if address in core.accounts:
        raise Refusal("NOT_UNIQUE", "account exists")
    if parent:
        parent = _hex(parent)
        if parent not in core.accounts:
            raise Refusal("INVALID_PARENT_ACCOUNT", "parent account does not exist")
    if isolated_market:
        core.market(isolated_market)
    core.accounts[address] = Account(
        address,
        public_key,
        parent=parent,
        isolated_market=isolated_market,
        fees=FeeRates() if fees is None else fees,
        rpi_allowed=rpi_allowed,
        announce=announce,
        history_limit=core.history_limit if announce else SILENT_HISTORY_LIMIT,
        now_us=core.now_us,
    )


def _hex(text: str) -> str:
    try:
        return canonical_hex(text)
    except ValueError:
        raise Refusal("INVALID_STARKNET_ADDRESS", "not a hex number") from None


def move_token(
    core: Core, account: Account, amount: Decimal, token: str, kind: TransferKind
) -> Transfer:
    """Credit a deposit or debit a withdrawal and announce it."""
    if not amount.is_finite() or amount <= ZERO:
        raise Refusal("INVALID_REQUEST_PARAMETER", "amount: must be positive")
    incoming = kind is TransferKind.DEPOSIT
    if not incoming and amount > withdrawable(core, account, token):
        raise Refusal("INVALID_REQUEST_PARAMETER", "amount: exceeds what is free")
    change = amount if incoming else -amount
    before = account.cash
    balance = account.token(token)
    market = core.markets.get(f"{token}-USD")
    unit_cost = ZERO if market is None else market.mark_or_zero
    balance.add(change, unit_cost, core.now_us)
    deposited = core.ledger.deposited
    deposited[token] = deposited.get(token, ZERO) + change
    transfer = Transfer(
        id=core.ids.next_id(core.now_us),
        account=account.address,
        kind=kind,
        direction="IN" if incoming else "OUT",
        token=token,
        amount=amount,
        status="COMPLETED",
        created_us=core.now_us,
        updated_us=core.now_us,
    )
    account.transfers.append(transfer)
    if account.announce and core.listeners:
        core.emit(TransferChanged(transfer))
        if token == SETTLEMENT_ASSET:
            core.emit(BalanceChanged(_cash_event(core, account, kind, before)))
    core.touch_account(account)
    return transfer


def withdrawable(core: Core, account: Account, token: str) -> Decimal:
    """Return how much of a token may leave: free collateral, or what is not on offer."""
    if token == SETTLEMENT_ASSET:
        totals = Totals(core, account)
        return min(account.cash, totals.collateral - totals.initial)
    offered = sum(
        (
            holding.sell_size
            for holding in account.holdings.values()
            if holding.market.is_spot and holding.market.spec.base_currency == token
        ),
        ZERO,
    )
    return account.token(token).size - offered


def _cash_event(core: Core, account: Account, kind: TransferKind, before: Decimal) -> BalanceEvent:
    return BalanceEvent(
        account=account.address,
        type=kind.value,
        status="ON_BLOCKCHAIN",
        market="",
        fill_id="",
        fees=ZERO,
        realized_pnl=ZERO,
        realized_funding=ZERO,
        funding_index=ZERO,
        asset=SETTLEMENT_ASSET,
        balance_before=before,
        balance_after=account.cash,
        created_us=core.now_us,
    )


def add_key(core: Core, account: Account, public_key: str, name: str) -> None:
    """Let a subkey sign for an account."""
    public_key = _hex(public_key)
    if public_key in account.keys:
        raise Refusal("NOT_UNIQUE", "key is registered")
    account.keys[public_key] = PublicKey(
        public_key=public_key, is_main=False, name=name, created_us=core.now_us
    )


def remove_key(account: Account, public_key: str) -> None:
    """Revoke a subkey."""
    public_key = _hex(public_key)
    key = account.keys.get(public_key)
    if key is None or key.is_main:
        raise Refusal("INVALID_SUBKEY", "not a subkey of the account")
    del account.keys[public_key]


def configure_slippage(account: Account, market: Market, max_slippage: Decimal) -> None:
    """Set an account's own cap of MARKET orders."""
    if not max_slippage.is_finite() or not ZERO < max_slippage <= 1:
        raise Refusal("INVALID_REQUEST_PARAMETER", "max_slippage: must be in (0, 1]")
    account.max_slippages[market.symbol] = max_slippage


def configure_leverage(
    core: Core, account: Account, symbol: str, leverage: int, margin_type: str
) -> MarginConfig:
    """Set an account's leverage in a perpetual market."""
    market = core.market(symbol)
    if margin_type != "CROSS":
        raise Refusal("MARKET_MARGIN_RESTRICTED", "isolated margin is not available")
    if not market.imf_base:
        raise Refusal("INVALID_REQUEST_PARAMETER", f"{symbol} has no leverage")
    if leverage < 1 or leverage * market.imf_base > 1:
        raise Refusal("INVALID_REQUEST_PARAMETER", f"leverage: {leverage} is not allowed")
    account.leverages[symbol] = leverage
    core.touch_account(account)
    return MarginConfig(market=symbol, leverage=leverage, margin_type=margin_type)
