"""Whose credentials they are and what they may do is known before anything is sent with them."""

import asyncio
import copy
import json
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from nautilus_trader.model.enums import OrderStatus
from rich.pretty import pretty_repr
from yarl import URL

from nautilus_paradex import ParadexEnvironment
from nautilus_paradex import ParadexExecClientConfig
from nautilus_paradex.factories import clear_shared_clients
from nautilus_paradex.factories import get_shared_link
from nautilus_paradex.network.auth import StaticToken
from nautilus_paradex.network.http_transport import HttpRequest
from nautilus_paradex.network.http_transport import HttpSettings
from nautilus_paradex.network.limits import Scope
from nautilus_paradex.network.link import Link
from nautilus_paradex.network.link import LinkSettings
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.retry import RetryPolicy
from nautilus_paradex.network.stream import StreamSettings
from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.signing import Signer
from nautilus_paradex.resolution import Credentials
from nautilus_paradex.resolution import resolve_credentials
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.faults import MalformedBody
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import RunningNode
from tests.acceptance.node import Trader
from tests.acceptance.node import running_node
from tests.acceptance.node import until
from tests.faults.sessions import BUY


OTHER_KEY = "0x3a9e61fc9429d05c9723863c902ec8c82bc586195aef9fae0fdb53d6811586c"
TOKEN = "eyJhbGciOiJFUzM4NCJ9.eyJleHAiOjF9.c2lnbmF0dXJl"
PROXY = "http://trader:hush-hush@10.0.0.1:3128"


def token_of(venue: LocalParadex, account: str) -> str:
    """Issue a read-only token, as the venue's page does."""
    ring = venue._venue.authority.rings[account]
    listed = ring.add_token("reader", "READ_ONLY", 3600, [])
    return venue._venue.tokens.issue(account, read_only=True, lookup_id=listed.lookup_id)


# -- WHOSE THEY ARE --------------------------------------------------------------------------------


async def open_link(venue: LocalParadex, account: str, **credentials: str) -> None:
    http = HttpSettings(base_url=venue.http_url, retry=RetryPolicy(max_retries=0))
    link = Link(LinkSettings(http=http, account=account, **credentials), NoLog())
    try:
        await link.open()
    finally:
        await link.close()


async def test_credentials_of_the_account_open_its_link() -> None:
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        await open_link(venue, account, private_key=KEY)
        await open_link(venue, account.upper().replace("0X", "0x000"), private_key=KEY)
        await open_link(venue, account, read_only_token=token_of(venue, account))


async def test_a_read_only_token_of_another_account_is_found_at_connect() -> None:
    """The venue takes it, and tells of the other account whatever is asked."""
    async with LocalParadex(market=False) as venue:
        account, other = venue.create_account(KEY), venue.create_account(OTHER_KEY)
        with pytest.raises(AuthenticationError, match=f"belong to account {other}, not") as caught:
            await open_link(venue, account, read_only_token=token_of(venue, other))
        assert "check account_address" in str(caught.value)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"account": "0x777"}, "belong to account 0x777, not to"),
        ({"account": "0x0777"}, "belong to account 0x777, not to"),
        ({"account": ""}, "does not say whose"),
        ({"account": "somebody"}, "does not say whose"),
    ],
)
async def test_a_key_that_logs_in_to_another_account_is_found_at_connect(
    said: dict[str, str], words: str
) -> None:
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        amounts = ("account_value", "free_collateral", "total_collateral")
        margins = ("initial_margin_requirement", "maintenance_margin_requirement")
        body = json.dumps(dict.fromkeys((*amounts, *margins), "0") | said)
        venue.faults.add(MalformedBody(method="GET", path="/account", body=body))
        with pytest.raises(AuthenticationError, match=words):
            await open_link(venue, account, private_key=KEY)


async def test_a_node_with_a_token_of_another_account_does_not_trade() -> None:
    async with LocalParadex(market=False) as venue:
        account, other = venue.create_account(KEY), venue.create_account(OTHER_KEY)
        token = token_of(venue, other)
        async with running_node(
            venue,
            account,
            execution={"private_key": None, "read_only_token": token},
            started=False,
            may_fail=True,
            connect_deadline_s=1.0,
        ) as node:
            await until(lambda: f"belong to account {other}" in node.log(), node.log)
            assert not node.is_started
            assert node.cache.account(node.account_id) is None
        assert token not in node.log()


async def test_credentials_of_one_account_are_never_used_for_another_client() -> None:
    """A client with a read-only token gets no link that can trade, and the reverse."""
    loop = asyncio.get_running_loop()
    clear_shared_clients()
    common = {
        "environment": ParadexEnvironment.LOCAL,
        "base_url_http": "http://127.0.0.1:9/v1",
        "account_address": "0x1234",
    }

    def link_of(**credentials: str) -> Link:
        config = ParadexExecClientConfig(**common, **credentials)
        return get_shared_link(loop, config, resolve_credentials(config, {}))

    trading = link_of(private_key=KEY)
    reading = link_of(read_only_token=TOKEN)
    retail = link_of(private_key=KEY, token_usage="interactive")
    subkey = link_of(private_key=OTHER_KEY)
    assert len({id(link) for link in (trading, reading, retail, subkey)}) == 4
    assert trading.can_trade
    assert not reading.can_trade
    assert link_of(private_key=KEY) is trading
    assert link_of(read_only_token=TOKEN) is reading
    # The venue counts an account's requests, whoever sends them (E12).
    assert {id(link.limiter) for link in (reading, retail, subkey)} == {id(trading.limiter)}
    clear_shared_clients()


# -- READ-ONLY -------------------------------------------------------------------------------------


async def test_a_read_only_client_refuses_every_command_with_its_reason() -> None:
    """Orders before they are sent, all others with a reason; nothing changes at the venue."""
    desk = Desk(external_order_claims=[ETH])
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        resting = Trader(venue, account).place("BUY", "0.5", "2400.00")
        async with running_node(
            venue,
            account,
            strategies=[desk],
            execution={"private_key": None, "read_only_token": token_of(venue, account)},
            may_fail=True,
        ) as node:
            (order,) = node.cache.orders_open()
            await check_orders_are_denied(node, desk)

            desk.modify_order(order, price=desk.instrument.make_price(Decimal("2401")))
            await until(lambda: "OrderModifyRejected" in node.story(order), "modify")
            assert "set private_key" in node.events_of(order)[-1].reason
            desk.cancel_order(order)
            await until(lambda: "OrderCancelRejected" in node.story(order), "cancel")
            assert "INVALID_TOKEN_SCOPE" in node.events_of(order)[-1].reason
            assert order.status == OrderStatus.ACCEPTED

            client = node.execution
            for work in (
                client.set_margin(ETH, leverage=3),
                client.protection.disable("ETH"),
                client.protection.reset("ETH"),
            ):
                with pytest.raises(ParadexError, match="INVALID_TOKEN_SCOPE"):
                    await work
            history = venue.exchange.queries.order_history(account)
            assert [(each.id, each.price) for each in history] == [(resting.id, Decimal(2400))]


async def check_orders_are_denied(node: RunningNode, desk: Desk) -> None:
    twap = {"algo": "TWAP", "duration_seconds": 30}
    instrument = desk.instrument
    bracket = desk.order_factory.bracket(
        ETH,
        BUY,
        instrument.make_qty(Decimal("0.1")),
        entry_order_type=desk.limit(BUY, "0.1", "2400").order_type,
        entry_price=instrument.make_price(Decimal(2400)),
        tp_price=instrument.make_price(Decimal(2600)),
        sl_trigger_price=instrument.make_price(Decimal(2300)),
    )
    desk.submit_order_list(bracket)
    orders = [
        desk.limit(BUY, "0.1", "2400"),
        desk.market(BUY, "0.1"),
        bracket.orders[0],
    ]
    algo = desk.order_factory.market(ETH, BUY, instrument.make_qty(Decimal("0.1")))
    desk.submit_order(algo, params=twap)
    for order in (*orders, algo):
        await until(lambda order=order: order.is_closed, lambda order=order: f"{order}")
        assert node.story(order) == ["OrderInitialized", "OrderDenied"]
        assert "read-only credentials; set private_key" in node.events_of(order)[-1].reason


@pytest.mark.parametrize(
    "setting", [{"leverages": {"ETH-USD-PERP": 3}}, {"margin_modes": {"E": "CROSS"}}]
)
def test_settings_that_a_read_only_client_cannot_make_are_refused(setting: dict[str, Any]) -> None:
    config = ParadexExecClientConfig(account_address="0x1234", read_only_token=TOKEN, **setting)
    with pytest.raises(ValueError, match="read_only_token cannot set leverages or margin_modes"):
        resolve_credentials(config, {})


# -- HOW THEY ARE HELD -----------------------------------------------------------------------------


HELD: list[tuple[str, Callable[[], object]]] = [
    ("credentials", lambda: Credentials("0x1234", private_key=KEY)),
    ("reader", lambda: Credentials("0x1234", read_only_token=TOKEN)),
    ("http", lambda: HttpSettings(base_url="https://h/v1", proxy=PROXY)),
    ("stream", lambda: StreamSettings(name="x", url="wss://h/v1", proxy=PROXY)),
    (
        "link",
        lambda: LinkSettings(
            http=HttpSettings(base_url="https://h/v1", proxy=PROXY),
            account="0x1234",
            private_key=KEY,
            read_only_token=TOKEN,
        ),
    ),
    ("token", lambda: StaticToken(TOKEN)),
    ("signer", lambda: Signer(KEY)),
]
SECRETS = (KEY[2:], str(int(KEY, 16)), TOKEN, "hush-hush")


@pytest.mark.parametrize(("_name", "make"), HELD, ids=[name for name, _ in HELD])
@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        pretty_repr,
        lambda thing: repr([thing]),
        lambda thing: repr(getattr(thing, "__dict__", {})),
        lambda thing: (
            repr(msgspec.structs.asdict(thing)) if isinstance(thing, msgspec.Struct) else ""
        ),
        lambda thing: (
            repr(msgspec.structs.replace(thing)) if isinstance(thing, msgspec.Struct) else ""
        ),
    ],
)
def test_nothing_that_holds_a_secret_shows_it(
    _name: str, make: Callable[[], object], show: Callable[[object], str]
) -> None:
    shown = show(make())
    assert not any(secret in shown for secret in SECRETS)


def test_a_request_does_not_show_the_token_that_it_carries() -> None:
    request = HttpRequest("GET", URL("https://h/v1"), Scope.PRIVATE, None, {})
    request.authorize(TOKEN)
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in f"{request} {request.headers!r}"


@pytest.mark.parametrize(("_name", "make"), HELD, ids=[name for name, _ in HELD])
@pytest.mark.parametrize(
    "save", [pickle.dumps, msgspec.json.encode, msgspec.msgpack.encode, json.dumps]
)
def test_nothing_that_holds_a_secret_is_saved(
    _name: str, make: Callable[[], object], save: Callable[[object], object]
) -> None:
    with pytest.raises(TypeError):
        save(make())


def test_what_holds_a_secret_can_be_copied_and_used() -> None:
    settings = LinkSettings(http=HttpSettings(base_url="https://h", proxy=PROXY), private_key=KEY)
    for each in (settings, copy.copy(settings), msgspec.structs.replace(settings, account="0x1")):
        assert each.private_key == KEY
        assert each.http.proxy == PROXY
        assert Signer(each.private_key).public_key == Signer(KEY).public_key


def test_an_id_of_a_config_is_not_made_of_its_secrets() -> None:
    """Two configs that differ in their secrets alone are told apart, and say nothing of them."""
    ids = {
        ParadexExecClientConfig(account_address="0x1", private_key=key).id
        for key in (KEY, OTHER_KEY)
    }
    assert len(ids) == 2
    assert not any(KEY[2:20] in each or OTHER_KEY[2:20] in each for each in ids)
