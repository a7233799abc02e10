"""
Every example of the venue's specs that concerns what the adapter uses decodes.

The specs carry examples per property only: an object is built from them, property by property,
and where a property has none, from its type. Examples are taken by the declared type, since the
documents write integers as strings and YAML reads hexadecimal strings as integers.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol import messages
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.json_events import account_summary
from nautilus_paradex.protocol.json_events import bbo
from nautilus_paradex.protocol.json_events import decode_channel
from nautilus_paradex.protocol.json_events import fill
from nautilus_paradex.protocol.json_events import funding_data
from nautilus_paradex.protocol.json_events import market_summary
from nautilus_paradex.protocol.json_events import order_update
from nautilus_paradex.protocol.json_events import position
from nautilus_paradex.protocol.json_events import rest_book
from nautilus_paradex.protocol.json_events import trade


SPEC = Path(__file__).resolve().parents[3] / "shared" / "paradex" / "spec"

pytestmark = pytest.mark.skipif(
    not SPEC.is_dir(), reason="the venue's specs do not stand beside the repository"
)

# Schema of openapi.json -> (message type, conversion to an event).
OPENAPI: dict[str, tuple[type, Any]] = {
    "requests.AccountMarginRequest": (messages.MarginRequest, None),
    "requests.AlgoOrderRequest": (messages.AlgoOrderRequest, None),
    "requests.CancelOrderBatchRequest": (messages.BatchCancelRequest, None),
    "requests.ModifyOrderRequest": (messages.ModifyOrderRequest, None),
    "requests.OrderRequest": (messages.OrderRequest, None),
    "requests.UpdateAccountMaxSlippageRequest": (messages.MaxSlippageRequest, None),
    "responses.AccountInfoResponse": (messages.AccountInfo, None),
    "responses.AccountMarginEntry": (messages.MarginConfig, None),
    "responses.AccountProfileResp": (messages.AccountProfile, None),
    "responses.AccountSummaryResponse": (messages.AccountSummaryMessage, account_summary),
    "responses.AlgoOrderResp": (messages.AlgoOrder, None),
    "responses.Announcement": (messages.Announcement, None),
    "responses.ApiError": (messages.ErrorBody, None),
    "responses.AskBidArray": (messages.RestBook, rest_book),
    "responses.AuthResp": (messages.AuthResponse, None),
    "responses.BBOResp": (messages.BboMessage, bbo),
    "responses.BalanceResp": (messages.Balance, None),
    "responses.BatchResponse": (messages.BatchOrdersResponse, None),
    "responses.BlockTradeDetailFullResponse": (messages.BlockTrade, None),
    "responses.BlockTradeDetailResponse": (messages.BlockTradeLeg, None),
    "responses.BridgedToken": (messages.BridgedToken, None),
    "responses.CancelOrderBatchResponse": (messages.BatchCancelResponse, None),
    "responses.CancelOrderResult": (messages.CancelOutcome, None),
    "responses.Delta1CrossMarginParams": (messages.Delta1MarginParams, None),
    "responses.ErrorResponse": (messages.ErrorBody, None),
    "responses.FeeWithCap": (messages.FeeWithCap, None),
    "responses.Fees": (messages.Fees, None),
    "responses.FillResult": (messages.FillMessage, fill),
    "responses.FundingDataResult": (messages.FundingDataMessage, funding_data),
    "responses.FundingPayment": (messages.FundingPayment, None),
    "responses.GetAccountMarginConfigsResp": (messages.AccountMargin, None),
    "responses.GetAccountsInfoResponse": (messages.Page[messages.AccountInfo], None),
    "responses.GetOnboardingResp": (messages.OnboardingInfo, None),
    "responses.GetSubAccountsResponse": (messages.Page[messages.AccountInfo], None),
    "responses.Greeks": (messages.Greeks, None),
    "responses.ImpactPriceResp": (messages.ImpactPrice, None),
    "responses.InsuranceAccountResp": (messages.InsuranceFund, None),
    "responses.LiquidationResp": (messages.Liquidation, None),
    "responses.MakerTakerFee": (messages.MakerTakerFee, None),
    "responses.MarketEvent": (messages.MarketEvent, None),
    "responses.MarketFeeConfig": (messages.FeeConfig, None),
    "responses.MarketHistoryFields": (messages.MarketChanges, None),
    "responses.MarketHistoryResponse": (messages.Page[messages.MarketEvent], None),
    "responses.MarketResp": (messages.Market, None),
    "responses.MarketSettlementResp": (messages.SettlementPrice, None),
    "responses.MarketSummaryResp": (messages.MarketSummaryMessage, market_summary),
    "responses.OptionCrossMarginParams": (messages.OptionCrossMarginParams, None),
    "responses.OrderResp": (messages.OrderMessage, order_update),
    "responses.PortfolioMarginParamsResp": (messages.PortfolioMarginConfig, None),
    "responses.PositionResp": (messages.PositionMessage, position),
    "responses.RequestInfo": (messages.RequestInfoMessage, None),
    "responses.RollingDetailsResp": (messages.RollingDetails, None),
    "responses.SystemConfigResponse": (messages.SystemConfig, None),
    "responses.SystemStateResponse": (messages.SystemStatus, None),
    "responses.SystemTimeResponse": (messages.SystemTime, None),
    "responses.TradeResult": (messages.TradeMessage, trade),
    "responses.TradebustResult": (messages.Tradebust, None),
    "responses.TransactionResponse": (messages.Transaction, None),
    "responses.TransferResult": (messages.Transfer, None),
    "responses.UpdateAccountMarginConfigResp": (messages.MarginUpdate, None),
    "responses.VolumeTierResp": (messages.VolumeTier, None),
}

# Endpoint of openapi.json -> the type of its 2xx body.
ENDPOINTS: dict[str, Any] = {
    "GET /account": messages.AccountSummaryMessage,
    "GET /account/info": messages.Page[messages.AccountInfo],
    "GET /account/margin": messages.AccountMargin,
    "POST /account/margin/{market}": messages.MarginUpdate,
    "GET /account/profile": messages.AccountProfile,
    "POST /account/profile/market_max_slippage/{market}": messages.AccountProfile,
    "GET /account/subaccounts": messages.Page[messages.AccountInfo],
    "GET /account/summary": messages.Page[messages.AccountSummaryMessage],
    "GET /algo/orders": messages.Page[messages.AlgoOrder],
    "POST /algo/orders": messages.AlgoOrder,
    "GET /algo/orders-history": messages.Page[messages.AlgoOrder],
    "GET /algo/orders/{algo_id}": messages.AlgoOrder,
    "POST /auth": messages.AuthResponse,
    "GET /balance": messages.Page[messages.Balance],
    "GET /bbo/{market}": messages.BboMessage,
    "GET /bbo/{market}/interactive": messages.BboMessage,
    "GET /fills": messages.Page[messages.FillMessage],
    "GET /funding/data": messages.Page[messages.FundingDataMessage],
    "GET /funding/payments": messages.Page[messages.FundingPayment],
    "GET /insurance": messages.InsuranceFund,
    "GET /liquidations": messages.Page[messages.Liquidation],
    "GET /markets": messages.Page[messages.Market],
    "GET /markets/history": messages.Page[messages.MarketEvent],
    "GET /markets/settlement-price": messages.SettlementPrice,
    "GET /markets/summary": messages.Page[messages.MarketSummaryMessage],
    "GET /onboarding": messages.OnboardingInfo,
    "GET /orderbook/{market}": messages.RestBook,
    "GET /orderbook/{market}/impact-price": messages.ImpactPrice,
    "GET /orderbook/{market}/interactive": messages.RestBook,
    "GET /orders": messages.Page[messages.OrderMessage],
    "POST /orders": messages.OrderMessage,
    "GET /orders-history": messages.Page[messages.OrderMessage],
    "POST /orders/batch": messages.BatchOrdersResponse,
    "DELETE /orders/batch": messages.BatchCancelResponse,
    "GET /orders/by_client_id/{client_id}": messages.OrderMessage,
    "GET /orders/{order_id}": messages.OrderMessage,
    "PUT /orders/{order_id}": messages.OrderMessage,
    "GET /positions": messages.Page[messages.PositionMessage],
    "GET /system/announcements": messages.Page[messages.Announcement],
    "GET /system/config": messages.SystemConfig,
    "GET /system/portfolio-margin-config": messages.Page[messages.PortfolioMarginConfig],
    "GET /system/state": messages.SystemStatus,
    "GET /system/time": messages.SystemTime,
    "GET /system/volume-tiers": messages.Page[messages.VolumeTier],
    "GET /tradebusts": messages.Page[messages.Tradebust],
    "GET /trades": messages.Page[messages.TradeMessage],
    "GET /transactions": messages.Page[messages.Transaction],
    "GET /transfers": messages.Page[messages.Transfer],
}

# Channel of asyncapi-2.6.0.yaml -> a name that it stands for.
CHANNELS = {
    "account": "account",
    "balance_events": "balance_events",
    "bbo.{market_symbol}": "bbo.BTC-USD-PERP",
    "fills.{market_symbol}": "fills.ALL",
    "funding_data.{market_symbol}": "funding_data.BTC-USD-PERP",
    "funding_payments.{market_symbol}": "funding_payments.ALL",
    "markets[.{market_symbol}]": "markets.BTC-USD-PERP",
    "markets_summary[.{market_symbol}]": "markets_summary",
    "order_book.{market_symbol}.{feed_type}@15@{refresh_rate}[@{price_tick}]": (
        "order_book.BTC-USD-PERP.snapshot@15@50ms@0_1"
    ),
    "orders.{market_symbol}": "orders.ALL",
    "positions": "positions",
    "rfq[.{rfq_id}]": "rfq",
    "tradebusts": "tradebusts",
    "trades.{market_symbol}": "trades.ALL",
    "transaction": "transaction",
    "transfers": "transfers",
}

# Method of openrpc.json -> (type of the params, type of the result).
METHODS: dict[str, tuple[Any, Any]] = {
    "auth": (None, messages.AuthResult),
    "subscribe": (None, messages.SubscriptionResult),
    "unsubscribe": (None, messages.SubscriptionResult),
    "modify_subscription": (None, messages.SubscriptionResult),
    "order.create": (messages.OrderRequest, messages.OrderCreateResult),
    "order.create_batch": (None, messages.OrderCreateBatchResult),
    "order.modify": (messages.ModifyOrderRequest, messages.OrderModifyResult),
    "order.cancel": (messages.CancelOrderRequest, messages.OrderCancelResult),
    "order.cancel_batch": (messages.BatchCancelRequest, messages.BatchCancelResponse),
    "order.cancel_all": (messages.CancelAllRequest, messages.CancelAllResult),
    "order.cancel_on_disconnect": (None, messages.CancelOnDisconnectResult),
}


class Examples:
    """Builds an example object from a schema's per-property examples."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.used = 0

    def build(self, schema: dict[str, Any], name: str = "") -> Any:
        schema = self._resolve(schema)
        kind = schema.get("type")
        if kind == "object" or "properties" in schema:
            return self._object(schema, name)
        if kind == "array":
            return self._array(schema, name)
        if "example" in schema:
            self.used += 1
            return _typed(schema["example"], kind, schema, name)
        return _typed(None, kind, schema, name)

    def _object(self, schema: dict[str, Any], name: str) -> Any:
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict):
            return {"key": self.build(extra, "key")}
        return {
            key: self.build(value, f"{name}.{key}")
            for key, value in schema.get("properties", {}).items()
        }

    def _array(self, schema: dict[str, Any], name: str) -> Any:
        example = schema.get("example")
        if isinstance(example, list):
            self.used += 1
            return example
        row = self.build(schema["items"], name)
        # OpenAPI says "items: {type: array}" of strings for book levels: price and size.
        if self._resolve(schema["items"]).get("type") == "array":
            return [["30130.15", "0.05"]]
        return [row]

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in schema:
            target: Any = self.document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            return self._resolve(target)
        resolved: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        for part in (*map(self._resolve, schema.get("allOf", ())), schema):
            resolved |= part
            properties |= part.get("properties", {})
        return resolved | ({"properties": properties} if properties else {})


# Where the spec has no example, or one that is not even in its own list of values.
DEFAULTS = {
    "side": "BUY",
    "type": "LIMIT",
    "status": "OPEN",
    "liquidity": "MAKER",
    "instruction": "GTC",
    "stp": "EXPIRE_TAKER",
    "update_type": "s",
}
DECIMAL_NAMES = ("price", "size", "rate", "rate_8h", "index", "premium", "leverage", "value",
                 "amount", "payment", "volume", "limit")  # fmt: skip


def _typed(example: Any, kind: str | None, schema: dict[str, Any], name: str) -> Any:
    choices = schema.get("enum")
    if choices and example not in choices:
        example = next(choice for choice in choices if choice)
    if kind in ("integer", "number"):
        if example is None:
            return 1
        return int(example) if kind == "integer" else json.loads(str(example))
    if kind == "boolean":
        return bool(example)
    if kind is None:
        return {} if example is None else example
    if example is not None:
        return str(example)
    if name.endswith("request_info.status"):
        return "SUCCESS"
    last = name.rpartition(".")[2]
    return DEFAULTS.get(last, "1.5" if last.endswith(DECIMAL_NAMES) else "text")


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return json.loads((SPEC / "openapi.json").read_text())


@pytest.fixture(scope="module")
def asyncapi() -> dict[str, Any]:
    # Everything as text: a YAML reader would turn the account 0x26... into a number.
    document: dict[str, Any] = yaml.load(  # the base loader builds plain texts only
        (SPEC / "asyncapi-2.6.0.yaml").read_text(), yaml.BaseLoader
    )
    return document


@pytest.fixture(scope="module")
def openrpc() -> dict[str, Any]:
    return json.loads((SPEC / "openrpc.json").read_text())


@pytest.mark.parametrize("name", OPENAPI)
def test_the_example_of_a_rest_schema_decodes(name: str, openapi: dict[str, Any]) -> None:
    kind, convert = OPENAPI[name]
    example = Examples(openapi).build(openapi["components"]["schemas"][name])
    if name == "responses.PositionResp":
        example["side"] = "SHORT"  # the example's size is negative, its side has no example
    message = messages.decode(json.dumps(example), kind)
    if convert is not None:
        event = convert(message)
        described = "account" if convert is account_summary else "market"
        assert getattr(event, described) == example.get(described, example.get("symbol"))
    for field in message.__struct_fields__:
        if isinstance(example.get(field), str) and field not in message.secret_fields:
            assert str(getattr(message, field)) == example[field]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_the_answer_of_an_endpoint_decodes(endpoint: str, openapi: dict[str, Any]) -> None:
    method, path = endpoint.split(" ")
    responses = openapi["paths"][path][method.lower()]["responses"]
    body = next(responses[status] for status in sorted(responses) if status.startswith("2"))
    schema = next(iter(body["content"].values()))["schema"]
    examples = Examples(openapi)
    example = examples.build(schema)
    decoded = messages.decode(json.dumps(example), ENDPOINTS[endpoint])
    assert examples.used or endpoint in EXAMPLELESS
    if isinstance(decoded, messages.Page):
        assert len(decoded.results) == 1


EXAMPLELESS = {
    "GET /account/margin",
    "POST /account/margin/{market}",
    "GET /funding/data",
    "GET /onboarding",
    "GET /system/announcements",
    "DELETE /orders/batch",
}


def test_every_error_code_of_the_spec_decodes(openapi: dict[str, Any]) -> None:
    codes = openapi["components"]["schemas"]["responses.ErrorCode"]["enum"]
    for code in codes:
        body = json.dumps({"error": code, "message": "m"})
        assert messages.decode(body, messages.ErrorBody).error == code


@pytest.mark.parametrize("path", CHANNELS)
def test_the_example_of_a_channel_becomes_its_value(path: str, asyncapi: dict[str, Any]) -> None:
    channel = asyncapi["channels"][f"/{path}" if f"/{path}" in asyncapi["channels"] else path]
    example = Examples(asyncapi).build(channel["subscribe"]["message"]["payload"])
    if path == "positions":
        example["side"] = "SHORT"
    name = CHANNELS[path]
    value = decode_channel(name, json.dumps(example))
    market = getattr(value, "market", getattr(value, "symbol", None))
    assert market == example.get("market", example.get("symbol"))
    assert channels.parse(name).name == name


@pytest.mark.parametrize("method", METHODS)
def test_the_examples_of_a_method_decode(method: str, openrpc: dict[str, Any]) -> None:
    params_type, result_type = METHODS[method]
    described = next(m for m in openrpc["methods"] if m["name"] == method)
    examples = Examples(openrpc)
    params = {p["name"]: examples.build(p["schema"], f".{p['name']}") for p in described["params"]}
    if params_type is not None:
        request = messages.decode(json.dumps(params), params_type)
        assert json.loads(messages.encode(request)) == params
    result = examples.build(described["result"]["schema"])
    decoded = messages.decode(json.dumps(result), result_type)
    order = getattr(decoded, "order", None)
    if order is not None:
        with pytest.raises(ParadexError, match="type"):
            order_update(messages.decode('{"id":"1","status":"NEW"}', messages.OrderMessage))
        assert order_update(order).order_id == result["order"]["id"]


def test_nothing_of_the_specs_that_the_adapter_uses_is_left_out(
    openapi: dict[str, Any], asyncapi: dict[str, Any], openrpc: dict[str, Any]
) -> None:
    paths = {
        f"{method.upper()} {path}"
        for path, methods in openapi["paths"].items()
        for method, described in methods.items()
        if any(
            body.get("content")
            for status, body in described["responses"].items()
            if status.startswith("2")
        )
    }
    unused = ("/block-trades", "/rfqs", "/vaults", "/xp", "/staking", "/referrals", "/v2/",
              "/account/keys", "/account/tokens", "/account/compliance", "/account/history",
              "/account/paradigm", "/account/referrer", "/account/settings", "/account/profile",
              "/account/terminal-token", "/jwks.json")  # fmt: skip
    missing = {
        path
        for path in paths - set(ENDPOINTS)
        if not path.split(" ")[1].startswith(unused) and path != "POST /onboarding"
    }
    assert not missing - {"DELETE /orders", "POST /onboarding"}
    rpc_paths = {m["name"] for m in openrpc["methods"]}
    assert rpc_paths == set(METHODS)
    channel_paths = {path.removeprefix("/") for path in asyncapi["channels"]}
    assert channel_paths - rpc_paths == set(CHANNELS)
