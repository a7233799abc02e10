"""Configs: round trips, secrets, what is refused before any I/O (DESIGN 3)."""

import io
from typing import Any

import msgspec
import pytest
from nautilus_trader.common.config import msgspec_encoding_hook
from nautilus_trader.config import ImportableConfig
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.model.identifiers import InstrumentId
from rich.console import Console

from nautilus_paradex import vault
from nautilus_paradex.config import ParadexDataClientConfig
from nautilus_paradex.config import ParadexEnvironment
from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.config import ParadexInstrumentProviderConfig
from nautilus_paradex.constants import PARADEX
from nautilus_paradex.constants import PARADEX_CLIENT_ID
from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.resolution import Credentials
from nautilus_paradex.resolution import resolve_credentials
from nautilus_paradex.resolution import resolve_proxy
from nautilus_paradex.resolution import resolve_urls


#: The test key and account of PROTOCOL 3.3.
KEY = "0x2ce1f5b4a3d29b7c1e80a94bb1f3c5d6e7f80123456789abcdef0123456789a"
ACCOUNT = "0x26192f7b814b465a1ff858762ae35e9d1f59076b11a4def380bd27b8170cf5d"
TOKEN = "eyJhbGciOiJFUzM4NCJ9.c2VjcmV0LXRva2Vu.c2lnbmF0dXJl"
PROXY = "http://user:pass-of-the-proxy@10.0.0.1:3128"
SECRETS = (KEY, KEY[2:], TOKEN, PROXY, "pass-of-the-proxy")

BTC = InstrumentId.from_str("BTC-USD-PERP.PARADEX")


def exec_config(**changes: Any) -> ParadexExecClientConfig:
    return ParadexExecClientConfig(**({"account_address": ACCOUNT, "private_key": KEY} | changes))


def test_the_names_are_fixed() -> None:
    assert PARADEX == str(PARADEX_VENUE) == str(PARADEX_CLIENT_ID) == "PARADEX"


# -- ROUND TRIPS -----------------------------------------------------------------------------------

FULL_DATA = ParadexDataClientConfig(
    environment=ParadexEnvironment.TESTNET,
    base_url_http="https://example.org/v1",
    instrument_provider=ParadexInstrumentProviderConfig(
        load_ids=frozenset({BTC}),
        asset_kinds=frozenset({"PERP", "SPOT"}),
        base_currencies=frozenset({"BTC"}),
        include_rfq_only=True,
        filters={"asset_kinds": ["PERP"]},
    ),
    proxy_url=PROXY,
    sbe_schema_version=1,
    ws_idle_timeout_secs=5,
)
FULL_EXEC = exec_config(
    environment=ParadexEnvironment.LOCAL,
    proxy_url=PROXY,
    read_only_token=TOKEN,
    recv_window_ms=2_000,
    token_usage="interactive",
    leverages={"BTC-USD-PERP": 5},
    margin_modes={"BTC-USD-PERP": "CROSS"},
    order_transport="ws",
)


@pytest.mark.parametrize(
    "config",
    [
        ParadexInstrumentProviderConfig(),
        FULL_DATA.instrument_provider,
        ParadexDataClientConfig(),
        FULL_DATA,
        ParadexExecClientConfig(),
        exec_config(),
        FULL_EXEC,
    ],
)
def test_a_config_survives_json(config: Any) -> None:
    again = type(config).parse(config.json())
    # Not by its id: the framework's hash is of JSON, in which a set has no order of its own.
    assert again == config
    assert again.dict() == config.dict()
    assert config.validate()


def test_a_config_can_be_read_from_a_nodes_file() -> None:
    """What an `ImportableConfig` does with the part of a JSON file that is ours."""
    config = ImportableConfig(
        path="nautilus_paradex.config:ParadexExecClientConfig",
        config={
            "environment": "testnet",
            "account_address": ACCOUNT,
            "private_key": KEY,
            "instrument_provider": {"load_ids": [str(BTC)], "asset_kinds": ["PERP"]},
        },
    ).create()
    assert isinstance(config, ParadexExecClientConfig)
    assert config.environment is ParadexEnvironment.TESTNET
    assert config.instrument_provider.load_ids == frozenset({BTC})
    assert config.instrument_provider.asset_kinds == frozenset({"PERP"})
    assert resolve_credentials(config, {}).private_key == KEY


@pytest.mark.parametrize("kind", [ParadexDataClientConfig, ParadexExecClientConfig])
def test_a_config_has_a_schema(kind: type[ParadexDataClientConfig]) -> None:
    assert "ws_idle_timeout_secs" in str(kind.json_schema())


@pytest.mark.parametrize("config", [ParadexDataClientConfig(), ParadexExecClientConfig()])
def test_the_defaults_are_those_of_the_design(config: Any) -> None:
    assert config.environment is ParadexEnvironment.MAINNET
    assert config.instrument_provider.load_all
    assert (config.ws_reconnect_delay_initial_ms, config.ws_reconnect_delay_max_ms) == (1000, 16000)
    assert (config.ws_idle_timeout_secs, config.ws_fallback_after_attempts) == (60, 5)
    assert config.ws_fallback_poll_interval_secs == 15
    assert config.sbe_schema_version is None
    assert not config.allow_insecure
    if isinstance(config, ParadexExecClientConfig):
        assert (config.reconcile_interval_secs, config.order_transport) == (300, "rest")
        assert not config.cancel_on_disconnect
        assert config.token_usage is config.recv_window_ms is None
        assert config.leverages is config.margin_modes is None


def test_a_period_may_be_a_whole_number() -> None:
    config = ParadexDataClientConfig(ws_idle_timeout_secs=5)
    assert config == ParadexDataClientConfig(ws_idle_timeout_secs=5.0)
    assert config.id == ParadexDataClientConfig(ws_idle_timeout_secs=5.0).id


def test_a_config_does_not_change() -> None:
    with pytest.raises(AttributeError):
        exec_config().private_key = "0x1"  # type: ignore[misc]  # what is tested


# -- SECRETS ---------------------------------------------------------------------------------------


def printed(thing: Any) -> str:
    console = Console(file=io.StringIO(), width=10_000)
    console.print(thing)
    return console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO


@pytest.mark.parametrize("config", [FULL_EXEC, FULL_DATA])
@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        printed,
        lambda c: c.json().decode(),
        lambda c: str(c.dict()),
        lambda c: str(c.json_primitives()),
        lambda c: str(msgspec.structs.astuple(c)),
        lambda c: msgspec.json.encode(c, enc_hook=msgspec_encoding_hook).decode(),
        lambda c: str(msgspec.msgpack.encode(c, enc_hook=msgspec_encoding_hook)),
        lambda c: c.id,
    ],
)
def test_no_secret_shows_in_a_config(config: Any, show: Any) -> None:
    text = show(config)
    assert text
    assert not [secret for secret in SECRETS if secret in text]


def test_no_secret_shows_in_a_nodes_saved_config() -> None:
    node = TradingNodeConfig(
        data_clients={PARADEX: FULL_DATA},
        exec_clients={PARADEX: FULL_EXEC, "PARADEX_MM": FULL_EXEC},
    )
    for text in (repr(node), node.json().decode(), str(node.dict())):
        assert ACCOUNT in text
        assert not [secret for secret in SECRETS if secret in text]


def test_a_node_passes_the_secret_through() -> None:
    node = TradingNodeConfig(exec_clients={PARADEX: exec_config(proxy_url=PROXY)})
    config = node.exec_clients[PARADEX]
    assert resolve_credentials(config, {}).private_key == KEY
    assert resolve_proxy(config) == PROXY
    assert resolve_proxy(ParadexDataClientConfig()) is None


def test_a_copy_and_a_reading_in_this_process_keep_the_secret() -> None:
    copy = msgspec.structs.replace(exec_config(), recv_window_ms=1_000)
    for config in (copy, ParadexExecClientConfig.parse(copy.json())):
        assert resolve_credentials(config, {}).private_key == KEY


def test_a_handle_of_another_process_asks_for_the_secret_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = exec_config(proxy_url=PROXY)
    monkeypatch.setattr(vault, "_VAULT", {})
    with pytest.raises(ValueError, match="private_key was saved by another process"):
        resolve_credentials(config, {})
    with pytest.raises(ValueError, match="proxy_url was saved by another process"):
        resolve_proxy(config)


def test_different_secrets_have_different_handles() -> None:
    assert exec_config() == exec_config()
    assert exec_config() != exec_config(private_key="0x1")


def test_a_handle_cannot_be_guessed_back_to_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash without the process's own salt would confirm a guessed proxy password."""
    handle = exec_config().private_key
    monkeypatch.setattr(vault, "_SALT", bytes(16))
    assert exec_config().private_key != handle


def test_no_secret_shows_in_credentials() -> None:
    credentials = resolve_credentials(exec_config(), {})
    assert repr(credentials) == f"Credentials(account={ACCOUNT!r}, private key)"
    reader = Credentials(ACCOUNT, read_only_token=TOKEN)
    for text in (str(credentials), printed(credentials), repr(reader), printed(reader)):
        assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize("field", ["private_key", "read_only_token", "proxy_url"])
def test_a_secret_must_be_text(field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field} must be text$"):
        exec_config(**{field: 12345})


# -- WRONG VALUES ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ParadexDataClientConfig, ParadexExecClientConfig])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("environment", "testnet"),
        ("http_timeout_secs", 0),
        ("http_timeout_secs", "10"),
        ("max_retries", -1),
        ("retry_delay_initial_ms", 0),
        ("ws_idle_timeout_secs", -1.0),
        ("ws_idle_timeout_secs", None),
        ("ws_fallback_after_attempts", 0),
        ("sbe_schema_version", 9),
        ("sbe_schema_version", -1),
        ("base_url_http", 8080),
        ("allow_insecure", "no"),
    ],
)
def test_a_wrong_value_is_refused_by_name(kind: Any, field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{field}"):
        kind(**{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order_transport", "fix"),
        ("token_usage", "pro"),
        ("recv_window_ms", 0),
        ("reconcile_interval_secs", 0),
        ("leverages", {"BTC-USD-PERP": "5"}),
        ("http_pool_limit", 0),
        ("cancel_on_disconnect", 1),
        ("account_address", 0x1234),
    ],
)
def test_a_wrong_value_of_the_exec_client_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{field}"):
        ParadexExecClientConfig(**{field: value})


@pytest.mark.parametrize("prefix", ["retry_delay", "ws_reconnect_delay"])
def test_a_first_delay_above_the_longest_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match=f"{prefix}_initial_ms must not be above"):
        ParadexDataClientConfig(**{f"{prefix}_initial_ms": 60_000})


def test_a_wrong_value_in_json_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        ParadexDataClientConfig.parse('{"max_retries": -1}')
    with pytest.raises(msgspec.ValidationError):
        ParadexDataClientConfig.parse('{"max_retriez": 1}')


def test_ids_may_be_texts_and_sets_may_be_lists() -> None:
    config = ParadexInstrumentProviderConfig(
        load_ids=["BTC-USD-PERP.PARADEX"],  # type: ignore[arg-type]  # as people write it
        asset_kinds=["PERP"],  # type: ignore[arg-type]  # as people write it
    )
    assert config.load_ids == frozenset({BTC})
    assert config.asset_kinds == frozenset({"PERP"})
    assert hash(config) == hash(
        ParadexInstrumentProviderConfig(load_ids=frozenset({BTC}), asset_kinds=frozenset({"PERP"}))
    )


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"load_ids": {"BTCUSDT.BINANCE"}}, "BTCUSDT.BINANCE is not an instrument of PARADEX"),
        ({"load_ids": {"BTC-USD-PERP"}}, "BTC-USD-PERP"),
        ({"asset_kinds": {"PERPS"}}, "not PERPS"),
        ({"asset_kinds": "PERP"}, "must be a set of texts"),
        ({"base_currencies": "BTC"}, "must be a set of texts"),
    ],
)
def test_a_wrong_provider_config_is_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        ParadexInstrumentProviderConfig(**changes)


def test_provider_configs_that_differ_are_not_equal() -> None:
    configs = [
        ParadexInstrumentProviderConfig(),
        ParadexInstrumentProviderConfig(load_all=True),
        ParadexInstrumentProviderConfig(asset_kinds=frozenset({"PERP"})),
        ParadexInstrumentProviderConfig(base_currencies=frozenset({"BTC"})),
        ParadexInstrumentProviderConfig(include_rfq_only=True),
        ParadexInstrumentProviderConfig(filters={"asset_kinds": "PERP"}),
    ]
    assert len(set(configs)) == len(configs)
    assert configs[0] != None  # noqa: E711 - the framework's own comparison handles it


# -- CREDENTIALS -----------------------------------------------------------------------------------

EMPTY = ParadexExecClientConfig()


@pytest.mark.parametrize(
    ("environment", "prefix"),
    [
        (ParadexEnvironment.MAINNET, "PARADEX"),
        (ParadexEnvironment.TESTNET, "PARADEX_TESTNET"),
        (ParadexEnvironment.LOCAL, "PARADEX_LOCAL"),
    ],
)
def test_credentials_come_from_the_environments_own_variables(
    environment: ParadexEnvironment, prefix: str
) -> None:
    environ = {f"{prefix}_ACCOUNT_ADDRESS": ACCOUNT, f"{prefix}_PRIVATE_KEY": f" {KEY}\n"}
    config = ParadexExecClientConfig(environment=environment)
    assert resolve_credentials(config, environ) == Credentials(ACCOUNT, private_key=KEY)


def test_the_processes_environment_is_asked_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARADEX_ACCOUNT_ADDRESS", ACCOUNT)
    monkeypatch.setenv("PARADEX_PRIVATE_KEY", KEY)
    assert resolve_credentials(EMPTY).private_key == KEY


def test_the_config_comes_before_the_environment() -> None:
    environ = {"PARADEX_ACCOUNT_ADDRESS": "0x1", "PARADEX_PRIVATE_KEY": "0x1"}
    assert resolve_credentials(exec_config(), environ) == Credentials(ACCOUNT, private_key=KEY)


def test_testnet_never_takes_the_mainnets_key() -> None:
    environ = {"PARADEX_ACCOUNT_ADDRESS": ACCOUNT, "PARADEX_PRIVATE_KEY": KEY}
    with pytest.raises(ValueError, match="PARADEX_TESTNET_ACCOUNT_ADDRESS"):
        resolve_credentials(
            ParadexExecClientConfig(environment=ParadexEnvironment.TESTNET), environ
        )


def test_an_address_is_compared_in_one_form() -> None:
    config = exec_config(account_address="0x000ABC")
    assert resolve_credentials(config, {}).account == "0xabc"


def test_a_read_only_token_needs_no_key_and_leaves_the_environments_alone() -> None:
    config = exec_config(private_key=None, read_only_token=TOKEN)
    credentials = resolve_credentials(config, {"PARADEX_PRIVATE_KEY": KEY})
    assert credentials == Credentials(ACCOUNT, read_only_token=TOKEN)


@pytest.mark.parametrize("token", ["two words", "new\nline", "é"])
def test_a_read_only_token_is_one_word(token: str) -> None:
    with pytest.raises(ValueError, match="read_only_token is not a token") as caught:
        resolve_credentials(exec_config(private_key=None, read_only_token=token), {})
    assert token not in str(caught.value)


def test_a_key_and_a_token_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        resolve_credentials(exec_config(read_only_token=TOKEN), {})


@pytest.mark.parametrize(
    ("config", "environ", "says"),
    [
        (EMPTY, {}, ("account_address", "PARADEX_ACCOUNT_ADDRESS", "L2 address")),
        (EMPTY, {"PARADEX_ACCOUNT_ADDRESS": " "}, ("PARADEX_ACCOUNT_ADDRESS",)),
        (
            EMPTY,
            {"PARADEX_ACCOUNT_ADDRESS": ACCOUNT},
            ("private_key", "PARADEX_PRIVATE_KEY", "subkey"),
        ),
        (exec_config(private_key=""), {}, ("PARADEX_PRIVATE_KEY",)),
        (exec_config(private_key="  "), {}, ("PARADEX_PRIVATE_KEY",)),
    ],
)
def test_what_is_missing_is_named_with_where_to_set_it(
    config: ParadexExecClientConfig, environ: dict[str, str], says: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match="set ") as caught:
        resolve_credentials(config, environ)
    for text in says:
        assert text in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        "my-secret-key",
        KEY[2:],
        "0x0",
        "0x" + "f" * 64,
        "0x" + "1" * 70,
        # The curve's order itself.
        "0x800000000000010ffffffffffffffffb781126dcae7b2321e66a241adc64d2f",
    ],
)
@pytest.mark.parametrize("from_environment", [False, True])
def test_a_malformed_key_is_refused_without_being_shown(wrong: str, from_environment: bool) -> None:
    config = exec_config(private_key=None if from_environment else wrong)
    with pytest.raises(ValueError, match="not a Starknet private key") as caught:
        resolve_credentials(config, {"PARADEX_PRIVATE_KEY": wrong})
    name = "PARADEX_PRIVATE_KEY" if from_environment else "private_key"
    assert str(caught.value).startswith(name)
    assert wrong not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("wrong", ["my-secret-key", KEY[2:], "0x0", "0x" + "f" * 64])
@pytest.mark.parametrize("from_environment", [False, True])
def test_a_malformed_address_is_refused_without_being_shown(
    wrong: str, from_environment: bool
) -> None:
    """Somebody may have put the key there."""
    config = exec_config(account_address=None if from_environment else wrong)
    with pytest.raises(ValueError, match="not an L2 address") as caught:
        resolve_credentials(config, {"PARADEX_ACCOUNT_ADDRESS": wrong})
    name = "PARADEX_ACCOUNT_ADDRESS" if from_environment else "account_address"
    assert str(caught.value).startswith(name)
    assert wrong not in str(caught.value)


# -- ADDRESSES -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "http", "ws"),
    [
        (
            ParadexEnvironment.MAINNET,
            "https://api.prod.paradex.trade/v1",
            "wss://ws.api.prod.paradex.trade/v1",
        ),
        (
            ParadexEnvironment.TESTNET,
            "https://api.testnet.paradex.trade/v1",
            "wss://ws.api.testnet.paradex.trade/v1",
        ),
        (ParadexEnvironment.LOCAL, "http://127.0.0.1:8080/v1", "ws://127.0.0.1:8080/v1"),
    ],
)
def test_every_environment_has_its_addresses(
    environment: ParadexEnvironment, http: str, ws: str
) -> None:
    for config in (
        ParadexDataClientConfig(environment=environment),
        ParadexExecClientConfig(environment=environment),
    ):
        urls = resolve_urls(config)
        assert (urls.http, urls.ws) == (http, ws)


def test_given_addresses_are_used_as_given() -> None:
    urls = resolve_urls(
        ParadexDataClientConfig(
            base_url_http="http://localhost:9/v1/", base_url_ws="ws://127.0.0.1:50123/v1"
        )
    )
    assert (urls.http, urls.ws) == ("http://localhost:9/v1", "ws://127.0.0.1:50123/v1")


@pytest.mark.parametrize(
    ("field", "url"),
    [("base_url_http", "http://example.org/v1"), ("base_url_ws", "ws://192.168.1.5:8080/v1")],
)
def test_plain_text_leaves_this_machine_only_when_it_is_allowed(field: str, url: str) -> None:
    with pytest.raises(ValueError, match=f"{field}: .*allow_insecure=True"):
        resolve_urls(ParadexDataClientConfig(**{field: url}))
    urls = resolve_urls(ParadexDataClientConfig(**{field: url}, allow_insecure=True))
    assert url in (urls.http, urls.ws)


@pytest.mark.parametrize(
    ("field", "url"),
    [
        ("base_url_http", "wss://ws.api.prod.paradex.trade/v1"),
        ("base_url_http", "ws://127.0.0.1:8080/v1"),
        ("base_url_ws", "https://api.prod.paradex.trade/v1"),
        ("base_url_ws", "http://127.0.0.1:8080/v1"),
        ("base_url_http", "api.prod.paradex.trade"),
        ("base_url_ws", "wss://user:pass-of-the-proxy@host/v1"),
        ("base_url_ws", "wss://host/v1?sbeSchemaId=1"),
        ("base_url_http", "https://host:port/v1"),
    ],
)
def test_an_address_of_the_wrong_kind_is_refused_by_its_field(field: str, url: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}") as caught:
        resolve_urls(ParadexExecClientConfig(**{field: url}))
    assert "pass-of-the-proxy" not in str(caught.value)
