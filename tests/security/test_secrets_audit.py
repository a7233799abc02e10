"""
Secrets are in nothing that a session leaves behind, however much of it fails and is printed.

The session of ``audit_session`` runs in a process of its own. What it wrote is searched for keys,
tokens, signatures, nonces and passwords as numbers, texts and bytes, in hex, decimal and base64.
"""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nautilus_paradex.protocol.secrecy import scrubbed
from tests.security.finder import Finder
from tests.security.finder import number_forms
from tests.security.finder import text_forms


_ROOT = Path(__file__).parents[2]
_DEADLINE_S = 110

#: In the environment of the process, beside what is the adapter's.
_FOREIGN_KEY = "0x7a1d5c83be920f46d1c7e8a5b3920f17c6d4e2b8a09f3c5e1d7b6a4c2e80f93"

#: The files of a session, and what has to be in them for the search to mean anything.
_WRITTEN = {
    "stdout.txt": ["[DEBUG]", "the token was refused"],
    "stderr.txt": ["picows.client INFO WS connection established", "refuses the key"],
    "framework.log": [
        "[DEBUG]",
        "refuses the key",
        "takes the key",
        "HTTP 502 Bad Gateway with text/html",
        "RuntimeError: a bug at",
        "Read-only credentials",
        "the token was refused",
    ],
    "python.log": ["asyncio DEBUG", "picows.client INFO"],
    "frames.txt": ["headers = ", "body = ***", "request = <", "token = ***", "proxy = ***"],
    "errors.txt": ["KeyboardInterrupt", "private_key is not a Starknet private key"],
    "objects.txt": ["LinkSettings(", "StaticToken(***)", "ParadexExecClientConfig("],
    "saved.txt": ["private_key", "secret:", "proxy_url"],
    "tasks.txt": ["paradex token renewal", "Current thread"],
}

#: What has to have happened in it, by the kinds of exceptions.
_HAPPENED = {
    "AuthenticationError",
    "ClientPayloadError",
    "DecodeError",
    "EncodeError",
    "HandshakeRefused",
    "KeyboardInterrupt",
    "NotFoundError",
    "ProxyError",
    "RateLimitError",
    "ServerDisconnectedError",
    "TransportError",
    "VenueError",
}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the session, and return the folder of all that it wrote."""
    folder = tmp_path_factory.mktemp("audit")
    environment = os.environ | {
        "PYTHONPATH": str(_ROOT),
        "OTHER_PRIVATE_KEY": _FOREIGN_KEY,
        "RUST_LOG": "trace",
        "RUST_BACKTRACE": "full",
    }
    with (
        folder.joinpath("stdout.txt").open("wb") as out,
        folder.joinpath("stderr.txt").open("wb") as err,
    ):
        ended = subprocess.run(
            [sys.executable, "-X", "dev", "-m", "tests.security.audit_session", str(folder)],
            cwd=_ROOT,
            env=environment,
            stdout=out,
            stderr=err,
            timeout=_DEADLINE_S,
            check=False,
        )
    # Not more of it than its end: a test's output would be one more place.
    end = folder.joinpath("stderr.txt").read_text().rstrip().rpartition("\n")[2]
    assert ended.returncode == 0, f"{scrubbed(end)} (see {folder})"
    return folder


def test_no_secret_is_in_anything_that_a_failing_session_wrote(session: Path) -> None:
    secrets: dict[str, dict[str, str | int]] = json.loads(
        session.joinpath("secrets.json").read_text()
    )
    finder = Finder(secrets["in_part"], secrets["whole"])
    findings = finder.look_through(
        (path.name, path.read_bytes())
        for path in sorted(session.iterdir())
        if path.name not in ("secrets.json", "summary.json")
    )
    places = sorted({f"{each.place}: {each.name or 'a token'} as {each.form}" for each in findings})
    assert not places


def test_the_session_failed_in_every_way_and_was_written_down(session: Path) -> None:
    summary: dict[str, Any] = json.loads(session.joinpath("summary.json").read_text())
    assert set(summary["exceptions"]) >= _HAPPENED
    assert summary["signatures"] > 50
    assert summary["tokens"] > 20
    assert len(summary["functions"]) > 80
    written = {path.name for path in session.iterdir()}
    assert written == {*_WRITTEN, "secrets.json", "summary.json"}
    for name, texts in _WRITTEN.items():
        content = session.joinpath(name).read_text(errors="replace")
        missing = [text for text in texts if text not in content]
        assert not missing, name


# -- THE SEARCH ITSELF -----------------------------------------------------------------------------


KEY = 0x3F1A9C7742E85D6B0C2E4D91B7A35F60E8C1D2B3A495867F01E2D3C4B5A6978
TOKEN = "c2lnbmF0dXJlLW9mLWEtdG9rZW4tdGhhdC1pcy1sb25n"
FINDER = Finder({"key": KEY, "token": TOKEN}, {})


@pytest.mark.parametrize(("name", "form"), [*number_forms(KEY), *text_forms(TOKEN)])
def test_every_form_of_a_secret_is_found(name: str, form: bytes) -> None:
    assert list(FINDER.look("here", b"before " + form + b" after")), name


@pytest.mark.parametrize(
    "text",
    [
        f"key={KEY}",
        f"0x{KEY:x}",
        f"0x{KEY:064X}",
        f"{KEY:#066x}"[4:40],
        f"{KEY.to_bytes(32, 'big')!r}",
        f"{KEY.to_bytes(32, 'little')!r}",
        f"{str(KEY)[:30]}...",
        f"...{TOKEN[12:]}",
        base64.b64encode(f"user:0x{KEY:x}".encode()).decode(),
        base64.b64encode(f"of some user:{TOKEN}".encode()).decode(),
        json.dumps({"token": TOKEN}),
        "Authorization: Bearer some-opaque-token",
        "eyJhbGciOiJFUzM4NCJ9",
    ],
)
def test_secrets_are_found_in_what_programs_write(text: str) -> None:
    assert list(FINDER.look("here", text.encode()))


def test_what_is_no_secret_is_not_found() -> None:
    public = f"0x{KEY ^ (1 << 250):x}"[:12] + f" {KEY + 12345}"[:12]
    assert not list(FINDER.look("here", f"account={public}, token=***".encode()))
