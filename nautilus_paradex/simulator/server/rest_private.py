"""REST reads of an account: orders, fills, positions, balances, histories (PROTOCOL 4.2)."""

from enum import StrEnum

from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server import wire_json
from nautilus_paradex.simulator.server.auth import normalize_felt
from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.refusals import invalid_parameter
from nautilus_paradex.simulator.server.rest import Answer
from nautilus_paradex.simulator.server.rest import Call
from nautilus_paradex.simulator.server.rest import Route
from nautilus_paradex.simulator.server.rest import results


def routes() -> list[Route]:
    """Return the endpoints; the fixed paths come before the variable ones."""
    table = (
        ("/account", _account),
        ("/account/summary", _account_summaries),
        ("/account/info", _account_info),
        ("/account/subaccounts", _subaccounts),
        ("/account/history", _account_history),
        ("/balance", _balance),
        ("/positions", _positions),
        ("/orders", _open_orders),
        ("/orders/by_client_id/{client_id}", _order_by_client_id),
        ("/orders/{order_id}", _order),
        ("/orders-history", _order_history),
        ("/fills", _fills),
        ("/funding/payments", _funding_payments),
        ("/tradebusts", _tradebusts),
        ("/transactions", _transactions),
        ("/transfers", _transfers),
        ("/liquidations", _liquidations),
    )
    return [
        Route(method="GET", path=path, kind="private", handler=handler) for path, handler in table
    ]


async def _account(call: Call) -> Answer:
    account = call.account
    subaccount = call.optional("subaccount_address")
    if subaccount is not None:
        account = normalize_felt(subaccount)
        family = {info.account for info in call.queries.subaccounts(call.account)}
        if account not in {call.account, *family}:
            raise Refusal("ACCOUNT_NOT_FOUND", "account not found")
    return Answer(body=wire_json.account(call.queries.account_summary(account)))


async def _account_summaries(call: Call) -> Answer:
    accounts = [call.account, *(info.account for info in call.queries.subaccounts(call.account))]
    return results(wire_json.account(call.queries.account_summary(a)) for a in accounts)


async def _account_info(call: Call) -> Answer:
    own = call.queries.account_info(call.account)
    family = call.queries.subaccounts(call.account)
    return results(wire_json.account_info(info) for info in (own, *family))


async def _subaccounts(call: Call) -> Answer:
    family = call.queries.subaccounts(call.account)
    return results(wire_json.account_info(info) for info in family)


async def _account_history(call: Call) -> Answer:
    if call.required("type") not in ("pnl", "value", "volume", "fee_savings"):
        raise invalid_parameter("type: must be a valid value")
    # A venue that has just been started has no past to chart.
    return Answer(body={"data": [], "timestamps": []})


async def _balance(call: Call) -> Answer:
    return results(wire_json.balance(row) for row in call.queries.balances(call.account))


async def _positions(call: Call) -> Answer:
    return results(wire_json.position(row) for row in call.queries.positions(call.account))


async def _open_orders(call: Call) -> Answer:
    now_us = call.venue.clock_us()
    orders = call.queries.open_orders(call.account, call.optional("market"))
    return results(wire_json.order(order, now_us) for order in orders)


async def _order(call: Call) -> Answer:
    order = call.queries.order(call.account, call.path("order_id"))
    return Answer(body=wire_json.order(order, call.venue.clock_us()))


async def _order_by_client_id(call: Call) -> Answer:
    order = call.queries.order_by_client_id(
        call.account, call.path("client_id"), call.optional("market")
    )
    return Answer(body=wire_json.order(order, call.venue.clock_us()))


def _choice[E: StrEnum](call: Call, name: str, kind: type[E]) -> E | None:
    text = call.optional(name)
    if text is None:
        return None
    try:
        return kind(text)
    except ValueError:
        raise invalid_parameter(f"{name}: must be a valid value") from None


async def _order_history(call: Call) -> Answer:
    orders = call.queries.order_history(
        call.account,
        market=call.optional("market"),
        client_id=call.optional("client_id"),
        side=_choice(call, "side", model.Side),
        status=_choice(call, "status", model.OrderStatus),
        order_type=_choice(call, "type", model.OrderType),
        start_ms=call.time_ms("start_at"),
        end_ms=call.time_ms("end_at"),
    )
    now_us = call.venue.clock_us()
    return call.page(
        "orders-history",
        orders,
        lambda order: (order.created_us, int(order.id)),
        lambda order: wire_json.order(order, now_us),
    )


async def _fills(call: Call) -> Answer:
    fills = call.queries.fills(
        call.account,
        market=call.optional("market"),
        asset_kind=_choice(call, "asset_kind", model.AssetKind),
        start_ms=call.time_ms("start_at"),
        end_ms=call.time_ms("end_at"),
    )
    return call.page("fills", fills, lambda fill: (fill.created_us, int(fill.id)), wire_json.fill)


async def _funding_payments(call: Call) -> Answer:
    payments = call.queries.funding_payments(
        call.account, call.required("market"), call.time_ms("start_at"), call.time_ms("end_at")
    )
    return call.page(
        "funding/payments",
        payments,
        lambda payment: (payment.created_us, int(payment.id)),
        wire_json.funding_payment,
    )


def _is_within(call: Call, created_us: int) -> bool:
    start_ms, end_ms = call.time_ms("start_at"), call.time_ms("end_at")
    created_ms = created_us // 1000
    return (start_ms is None or created_ms >= start_ms) and (end_ms is None or created_ms <= end_ms)


async def _tradebusts(call: Call) -> Answer:
    rows = [r for r in call.queries.tradebusts(call.account) if _is_within(call, r.created_us)]
    return call.page(
        "tradebusts",
        rows,
        lambda bust: (bust.created_us, int(bust.busted_fill_id)),
        wire_json.tradebust,
    )


async def _transactions(call: Call) -> Answer:
    rows = [r for r in call.queries.transactions(call.account) if _is_within(call, r.created_us)]
    return call.page(
        "transactions", rows, lambda row: (row.created_us, int(row.hash, 16)), wire_json.transaction
    )


async def _transfers(call: Call) -> Answer:
    status = call.optional("status")
    rows = [
        row
        for row in call.queries.transfers(call.account)
        if _is_within(call, row.created_us) and status in (None, row.status)
    ]
    return call.page(
        "transfers", rows, lambda row: (row.created_us, int(row.id)), wire_json.transfer
    )


async def _liquidations(call: Call) -> Answer:
    start_ms, end_ms = call.time_ms("from"), call.time_ms("to")
    return results(
        wire_json.liquidation(row)
        for row in call.queries.liquidations(call.account)
        if (start_ms is None or row.created_us // 1000 >= start_ms)
        and (end_ms is None or row.created_us // 1000 <= end_ms)
    )
