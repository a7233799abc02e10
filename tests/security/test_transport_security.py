"""Credentials go to the venue only: by TLS that is verified, and to nobody who redirects them."""

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from picows.url import parse_url
from yarl import URL

from nautilus_paradex import ParadexDataClientConfig
from nautilus_paradex import ParadexEnvironment
from nautilus_paradex.network.address import checked_proxy
from nautilus_paradex.network.address import checked_url
from nautilus_paradex.network.address import is_loopback
from nautilus_paradex.network.address import shows_password_to
from nautilus_paradex.network.http import ParadexHttpClient
from nautilus_paradex.network.http_transport import HttpSettings
from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.limits import Scope
from nautilus_paradex.network.link import Link
from nautilus_paradex.network.link import LinkSettings
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.retry import RetryPolicy
from nautilus_paradex.network.stream import StreamSettings
from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.network.websocket import HandshakeRefused
from nautilus_paradex.network.websocket import open_websocket
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.messages import SystemStatus
from nautilus_paradex.protocol.secrecy import SecretBytes
from nautilus_paradex.protocol.secrecy import concealed
from nautilus_paradex.resolution import resolve_urls
from tests.network.scripted_server import Reply
from tests.network.scripted_server import ScriptedServer
from tests.network.scripted_server import answer
from tests.security.echo_proxy import EchoProxy
from tests.security.tls_server import TlsServer
from tests.security.tls_server import authority
from tests.security.watch import exception_text


TOKEN = "eyJhbGciOiJFUzM4NCJ9.eyJleHAiOjF9.c2lnbmF0dXJl"
SIGNATURE = SecretBytes(b'{"signature": "7777777"}')
OK = answer({"status": "ok"}).data
UPGRADE_REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


class OneToken:
    """Gives the same token again and again."""

    async def token(self) -> str:
        return TOKEN

    async def refresh(self, rejected_token: str) -> str:
        return TOKEN

    def last_token(self) -> str:
        return TOKEN

    def distrust(self, token: str, error: Exception) -> None:
        raise AssertionError(f"{token} is distrusted: {error}")


@asynccontextmanager
async def http_client(base_url: str, **settings: Any) -> AsyncIterator[ParadexHttpClient]:
    timing = SystemTiming()
    client = ParadexHttpClient(
        HttpSettings(base_url=base_url, retry=RetryPolicy(max_retries=0), **settings),
        timing=timing,
        limiter=RateLimiter(timing),
        log=NoLog(),
    )
    try:
        yield client
    finally:
        await client.close()


async def send(client: ParadexHttpClient, method: str = "POST") -> SystemStatus:
    """Send a request with everything on board that is secret."""
    return await client.request(
        method,
        "/orders",
        SystemStatus,
        scope=Scope.ORDER,
        idempotent=False,
        body=SIGNATURE if method != "GET" else None,
        tokens=OneToken(),
    )


async def upgrade(url: str, proxy: str | None = None, timeout_secs: float = 5.0) -> None:
    """Ask for a WebSocket with a token on board."""
    socket = await open_websocket(
        url,
        on_text=lambda _: None,
        on_binary=lambda _: None,
        timing=SystemTiming(),
        headers={"Authorization": concealed(f"Bearer {TOKEN}")},
        timeout_secs=timeout_secs,
        proxy=proxy,
    )
    await socket.close()


# -- TLS -------------------------------------------------------------------------------------------


@pytest.fixture
def own_authority(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Trust the tests' own authority, as a user names one in the environment."""
    with authority().cert_pem.tempfile() as path:
        monkeypatch.setenv("SSL_CERT_FILE", path)
        yield


@pytest.mark.usefixtures("own_authority")
async def test_a_certificate_that_is_trusted_and_the_hosts_own_is_taken() -> None:
    async with TlsServer("good", OK) as server:
        for host in ("localhost", "127.0.0.1"):
            async with http_client(f"https://{host}:{server.port}/v1") as client:
                assert (await send(client)).status == "ok"
    assert TOKEN.encode() in server.received
    assert SIGNATURE in server.received
    async with TlsServer("good", UPGRADE_REFUSED) as server:
        with pytest.raises(HandshakeRefused, match="503"):
            await upgrade(f"wss://localhost:{server.port}/v1")
    assert TOKEN.encode() in server.received


@pytest.mark.parametrize("through_proxy", [False, True])
@pytest.mark.parametrize(
    ("certificate", "host", "trusted", "reason"),
    [
        ("self_signed", "localhost", True, "self-signed"),
        ("expired", "localhost", True, "expired"),
        ("elsewhere", "localhost", True, "[Hh]ostname mismatch|not valid for 'localhost'"),
        ("elsewhere", "127.0.0.1", True, "IP address mismatch|not valid for '127.0.0.1'"),
        ("good", "localhost", False, "unable to get local issuer|self-signed"),
    ],
)
async def test_any_other_certificate_is_refused_before_a_byte_is_sent(
    request: pytest.FixtureRequest,
    certificate: str,
    host: str,
    trusted: bool,
    reason: str,
    through_proxy: bool,
) -> None:
    if trusted:
        request.getfixturevalue("own_authority")
    async with TlsServer(certificate, OK) as server, EchoProxy() as proxy:
        place = f"{host}:{server.port}/v1"
        way = proxy.url if through_proxy else None
        said = f"certificate is not valid: .*({reason})"
        async with http_client(f"https://{place}", proxy=way) as client:
            with pytest.raises(TransportError, match=said) as caught:
                await send(client)
        assert not caught.value.sent
        with pytest.raises(TransportError, match=said):
            await upgrade(f"wss://{place}", way)
    assert server.received == b""
    assert len(proxy.heads) == 2 * through_proxy


async def test_a_server_without_tls_gets_nothing_of_an_encrypted_request() -> None:
    async with ScriptedServer([answer({"status": "ok"})]) as server:
        place = f"127.0.0.1:{server.port}/v1"
        async with http_client(f"https://{place}", connect_timeout=0.3) as client:
            with pytest.raises(TransportError):
                await send(client)
        with pytest.raises(TransportError):
            await upgrade(f"wss://{place}", timeout_secs=0.3)
    assert server.connections == 2
    assert server.seen == []


# -- REDIRECTS -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_a_redirect_takes_no_request_anywhere(status: int, method: str) -> None:
    """To another host, to another path of this one, or from TLS to none: none is followed."""
    async with ScriptedServer([answer({"status": "ok"})]) as other:
        for location in (other.url, "/v1/elsewhere", f"//127.0.0.1:{other.port}/v1"):
            reply = answer(status=status, headers={"Location": location})
            async with ScriptedServer([reply]) as venue:
                async with http_client(venue.url) as client:
                    with pytest.raises(VenueError, match="redirects are not followed"):
                        await send(client, method)
                assert len(venue.seen) == 1
        assert other.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_takes_no_upgrade_anywhere(status: int) -> None:
    async with ScriptedServer([answer()]) as other:
        for location in (f"ws://127.0.0.1:{other.port}/v1", "/v1/elsewhere", other.url, ""):
            reply = answer(status=status, headers={"Location": location})
            async with ScriptedServer([reply]) as venue:
                with pytest.raises(HandshakeRefused, match=str(status)):
                    await upgrade(f"ws://127.0.0.1:{venue.port}/v1")
                assert len(venue.seen) == 1
        assert other.connections == 0


# -- PROXIES ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("own_authority")
async def test_a_proxy_sees_where_it_goes_and_nothing_more() -> None:
    async with EchoProxy("trader", "hush") as proxy:
        async with TlsServer("good", OK) as server:
            url = f"https://localhost:{server.port}/v1"
            async with http_client(url, proxy=proxy.url) as client:
                assert (await send(client)).status == "ok"
        async with TlsServer("good", UPGRADE_REFUSED) as server:
            with pytest.raises(HandshakeRefused):
                await upgrade(f"wss://localhost:{server.port}/v1", proxy.url)
    assert len(proxy.heads) == 2
    for head in proxy.heads:
        assert head.startswith(b"CONNECT localhost:")
        names = {line.partition(b":")[0].lower() for line in head.strip().split(b"\r\n")[1:]}
        assert b"authorization" not in names
        assert TOKEN.encode() not in head
        assert b"7777777" not in head
        assert b"Basic dHJhZGVyOmh1c2g=" in head


async def test_a_proxy_that_refuses_is_named_without_its_password() -> None:
    async with EchoProxy("trader", "hush") as proxy:
        proxy.refusals = 10
        async with http_client("https://localhost:1/v1", proxy=proxy.url) as client:
            with pytest.raises(TransportError) as http:
                await send(client)
        with pytest.raises(TransportError, match="407") as ws:
            await upgrade("wss://localhost:1/v1", proxy.url)
    for caught in (http, ws):
        assert not caught.value.sent
        assert "hush" not in f"{caught.value} {caught.value!r}"
        assert "dHJhZGVy" not in f"{caught.value} {caught.value!r}"


REMOTE_PROXY = "http://trader:hush@proxy.example.com:3128"


@pytest.mark.parametrize("way", ["request", "upgrade"])
@pytest.mark.parametrize("by", ["who asked", "a deadline"])
async def test_work_that_is_given_up_leaves_no_frame_with_its_secrets(way: str, by: str) -> None:
    """A deadline's `TimeoutError` has the cancellation as its cause, and that had the frames."""
    async with (
        EchoProxy("trader", "hush-hush") as proxy,
        ScriptedServer([Reply(b"", "stall")]) as server,
        http_client(server.url, proxy=proxy.url) as client,
    ):
        url = f"ws://127.0.0.1:{server.port}/v1"
        work = send(client) if way == "request" else upgrade(url, concealed(proxy.url))

        async def ask() -> object:
            async with asyncio.timeout(None) as deadline:
                deadlines.append(deadline)
                return await work

        deadlines: list[asyncio.Timeout] = []
        task = asyncio.create_task(ask())
        await server.arrived()
        if by == "a deadline":
            deadlines[0].reschedule(0)
        else:
            task.cancel()
        with pytest.raises((TimeoutError, asyncio.CancelledError)) as caught:
            await task
    check_shows_nothing(caught.value)


@pytest.mark.parametrize("way", ["request", "upgrade"])
@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"", "close"),
        Reply(b"", "reset"),
        Reply(b"", "stall"),
        Reply(b"nonsense\r\n\r\n", "close"),
        Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1", "close"),
        Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n1", "close"),
        Reply(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", "close"),
    ],
    ids=["closed", "reset", "stalled", "nonsense", "cut off", "too large", "half an upgrade"],
)
async def test_work_that_fails_leaves_no_frame_with_its_secrets(way: str, reply: Reply) -> None:
    """Whatever the libraries raise stays behind with their frames."""
    async with (
        EchoProxy("trader", "hush-hush") as proxy,
        ScriptedServer([reply]) as server,
        http_client(server.url, proxy=proxy.url, timeout=0.5) as client,
    ):
        url = f"ws://127.0.0.1:{server.port}/v1"
        with pytest.raises((TransportError, VenueError)) as caught:
            await (send(client) if way == "request" else upgrade(url, concealed(proxy.url), 0.5))
    check_shows_nothing(caught.value)


def check_shows_nothing(error: BaseException) -> None:
    shown = exception_text(error)
    assert "network/" in shown  # the frames of ours are there
    for secret in ("hush-hush", "dHJhZGVy", TOKEN, SIGNATURE.decode()):
        assert secret not in shown


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "ws://localhost:1/v1", "ws://[::1]/v1"])
def test_plain_text_to_this_machine_does_not_leave_it_for_a_proxy(url: str) -> None:
    with pytest.raises(ValueError, match="proxy on another machine") as caught:
        checked_url(url, proxy=REMOTE_PROXY)
    assert "hush" not in str(caught.value)
    assert checked_url(url, proxy=REMOTE_PROXY, allow_insecure=True) == url
    assert checked_url(url, proxy="http://127.0.0.1:3128") == url
    kind = HttpSettings if url.startswith("http") else StreamSettings
    name = {"base_url": url} if url.startswith("http") else {"url": url, "name": "x"}
    with pytest.raises(ValueError, match="proxy on another machine"):
        kind(**name, proxy=REMOTE_PROXY)


def test_what_a_config_sends_in_plain_text_does_not_leave_for_a_proxy() -> None:
    local = {"environment": ParadexEnvironment.LOCAL, "proxy_url": REMOTE_PROXY}
    for field in ("base_url_http", "base_url_ws"):
        urls = {"base_url_http": "https://h/v1", "base_url_ws": "wss://h/v1"}
        urls[field] = urls[field].replace("s://h", "://127.0.0.1:9")
        with pytest.raises(ValueError, match=f"{field}: .*proxy on another machine"):
            resolve_urls(ParadexDataClientConfig(**local, **urls))
        assert resolve_urls(ParadexDataClientConfig(**local, **urls, allow_insecure=True))


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://user:hush@127.0.0.1:1",
        "ftp://user:hush@127.0.0.1:1",
        "http://user:hush@",
        "http://user:hush@h:99999",
        "http://user:hush@h/path",
        "http://user:hush@h?query",
        "user:hush@127.0.0.1:1",
        "http://user:hu sh@h",
        "",
    ],
)
def test_what_is_no_http_proxy_is_refused_without_being_repeated(proxy: str) -> None:
    with pytest.raises(ValueError, match="proxy URL") as caught:
        checked_proxy(proxy)
    assert "hu" not in str(caught.value).replace("the proxy", "")


async def test_a_password_that_goes_to_a_proxy_unencrypted_is_warned_of() -> None:
    assert shows_password_to(REMOTE_PROXY) == "proxy.example.com"
    for proxy in ("https://u:p@proxy.example.com", "http://proxy.example.com", "http://u:p@[::1]"):
        assert shows_password_to(proxy) is None

    class Warnings(NoLog):
        said: list[str] = []  # noqa: RUF012 - of one test

        def warning(self, message: str, /) -> None:
            self.said.append(message)

    async with ScriptedServer([answer({"server_time": "1790000000000"})]) as server:
        link = Link(LinkSettings(http=HttpSettings(base_url=server.url)), Warnings())
        await link.open()
        await link.close()
        assert Warnings.said == []
        # Said of the settings; the connections stay those of the test's server.
        link.settings = LinkSettings(
            http=HttpSettings(base_url=server.url, allow_insecure=True, proxy=REMOTE_PROXY)
        )
        await link.open()
        await link.close()
    (said,) = Warnings.said
    assert "proxy.example.com" in said
    assert "hush" not in said


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can set a variable could read along."""
    async with EchoProxy() as proxy, ScriptedServer([answer({"status": "ok"})]) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "WS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.lower(), proxy.url)
        async with http_client(server.url) as client:
            assert (await send(client)).status == "ok"
        with pytest.raises(TransportError):
            await upgrade(f"ws://127.0.0.1:{server.port}/v1")
        assert proxy.heads == []


# -- ADDRESSES -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/v1",
        "http://127.1.2.3/v1",
        "ws://localhost:1/v1",
        "ws://LOCALHOST/v1",
        "http://[::1]:80/v1",
        "http://[0:0:0:0:0:0:0:1]/v1",
        "https://api.prod.paradex.trade/v1",
        "WSS://Host.example/v1",
    ],
)
def test_plain_text_goes_to_this_machine_and_tls_anywhere(url: str) -> None:
    assert checked_url(url)


@pytest.mark.parametrize(
    "url",
    [
        # Names that are not, or not surely, this machine's.
        "http://api.prod.paradex.trade/v1",
        "http://localhost.example.com/v1",
        "http://127.0.0.1.example.com/v1",
        "http://localhost./v1",
        "http://localhost.localdomain/v1",
        "http://127.1/v1",
        "http://2130706433/v1",
        "http://0x7f000001/v1",
        "http://0177.0.0.1/v1",
        "http://0.0.0.0/v1",
        "http://[::]/v1",
        "http://[::ffff:10.0.0.1]/v1",
        "http://[fe80::1]/v1",
        "ws://10.0.0.1/v1",
        # The host is another than it seems.
        "http://localhost@example.com/v1",
        "http://localhost:80@example.com/v1",
        "http://127.0.0.1%40example.com/v1",
        "http://example.com\\@127.0.0.1/v1",
        "http://127.0.0.1\\@example.com/v1",
        "http://127.0.0.1\\.example.com/v1",
        "http://127.0.0.1\t.example.com/v1",
        "http://127.0.0.1\n.example.com/v1",
        "http://127.0.0.1 .example.com/v1",
        "http://localhost\x00.example.com/v1",
        " http://localhost/v1",
        "http://127.0.0.1#@example.com/v1",
        "http://127.0.0.1?@example.com/v1",
        "http://ⓛocalhost/v1",
        "http://127。0。0。1/v1",
        "http://１２７.0.0.1/v1",
        "http://[::1]example.com/v1",
        "http://[::1/v1",
        # No credentials, no query, no other kinds.
        "https://user:hush@api.prod.paradex.trade/v1",
        "https://@api.prod.paradex.trade/v1",
        "https://api.prod.paradex.trade/v1?token=1",
        "https://api.prod.paradex.trade/v1#",
        "https:api.prod.paradex.trade/v1",
        "https:///v1",
        "//localhost/v1",
        "ftp://localhost/v1",
        "file:///etc/passwd",
        "localhost:80/v1",
        "",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"base URL|not encrypted") as caught:
        checked_url(url)
    assert "hush" not in str(caught.value)


_PIECES = st.sampled_from(
    [
        *("http", "https", "ws", "wss", "HTTP", "ftp", "javascript"),
        *("localhost", "127.0.0.1", "[::1]", "example.com", "10.0.0.1", "[::ffff:7f00:1]", "0"),
        *("://", ":", "//", "/", "\\", "@", "?", "#", "%40", "%2e", ".", "..", ";", "&", "=", "+"),
        *("80", "443", "99999", "user", "v1", " ", "\t", "\n", "\r", "\x00", "\u3002", "\uff0e"),
    ]
)


@hypothesis_settings(max_examples=1_500, deadline=None)
@given(
    st.one_of(
        st.lists(_PIECES, max_size=12).map("".join),
        st.tuples(st.sampled_from(["http", "ws", "https"]), st.lists(_PIECES, max_size=9)).map(
            lambda both: f"{both[0]}://{''.join(both[1])}"
        ),
    )
)
def test_whatever_passes_means_the_same_host_to_all_who_read_it(url: str) -> None:
    """The check, the HTTP library and the WebSocket library must agree on where it goes."""
    try:
        checked = checked_url(url)
    except ValueError:
        return
    by_http = URL(f"{checked}/orders", encoded=True)
    by_websocket = parse_url(checked, check_scheme=False)
    assert by_http.host == by_websocket.host
    assert by_http.port == by_websocket.port or by_http.scheme in ("ws", "wss")
    assert by_http.user is by_websocket.username is None
    assert by_http.scheme == by_websocket.scheme
    if by_http.scheme in ("http", "ws"):
        assert is_loopback(str(by_http.host))


async def test_localhost_is_asked_for_by_name_and_stays_on_this_machine() -> None:
    """What the name means is the system's; a test that it means this machine here."""
    addresses = await asyncio.get_running_loop().getaddrinfo("localhost", 80)
    assert all(is_loopback(str(address[4][0])) for address in addresses)
