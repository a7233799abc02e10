"""What holds a secret looks like nothing, and what a server says is cleared of secrets."""

import copy
import pickle
import pprint
import reprlib

import msgspec
import pytest
from rich.pretty import pretty_repr

from nautilus_paradex.protocol.errors import UnmodelledValue
from nautilus_paradex.protocol.errors import from_batch
from nautilus_paradex.protocol.errors import from_http
from nautilus_paradex.protocol.errors import from_rpc
from nautilus_paradex.protocol.jsonrpc import encode_request
from nautilus_paradex.protocol.messages import encode
from nautilus_paradex.protocol.secrecy import MASK
from nautilus_paradex.protocol.secrecy import SecretBytes
from nautilus_paradex.protocol.secrecy import SecretText
from nautilus_paradex.protocol.secrecy import concealed
from nautilus_paradex.protocol.secrecy import scrubbed
from nautilus_paradex.protocol.secrecy import scrubbed_data
from nautilus_paradex.protocol.secrecy import without_frames


TEXT = "hush" * 40
VALUES = [SecretText(TEXT), SecretBytes(TEXT.encode())]
JWT = "eyJhbGciOiJFUzM4NCJ9.eyJzdWIiOiIweDEifQ.c2lnbmF0dXJl"
NUMBER = "31415926535897932384626433832795028841971693993751058209749445923078164"


class Holder(msgspec.Struct):
    """A struct that somebody else wrote."""

    value: object


@pytest.mark.parametrize("value", VALUES, ids=["text", "bytes"])
@pytest.mark.parametrize(
    "show",
    [
        repr,
        "{!r}".format,
        reprlib.repr,
        pprint.pformat,
        lambda value: pretty_repr(value, max_string=20),
        lambda value: pretty_repr({"of": [value]}, max_string=20),
        lambda value: repr({"of": (value,)}),
        lambda value: repr(Holder(value)),
        lambda value: repr(value[:20]),
    ],
)
def test_no_display_shows_a_secret(value, show):
    shown = show(value)
    assert "hush" not in shown
    assert MASK in shown


@pytest.mark.parametrize("value", VALUES, ids=["text", "bytes"])
def test_secrets_are_used_as_what_they_are(value):
    assert value in {TEXT, TEXT.encode()}
    assert hash(value) in {hash(TEXT), hash(TEXT.encode())}
    assert value[0] in ("h", ord("h"))
    assert f"Bearer {SecretText(TEXT)}" == f"Bearer {TEXT}"
    assert copy.copy(value) is copy.deepcopy(value) is value


@pytest.mark.parametrize("value", VALUES, ids=["text", "bytes"])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_secrets_are_not_pickled(value, protocol):
    with pytest.raises(TypeError, match="a secret is not saved"):
        pickle.dumps([value], protocol)


def test_a_secret_is_not_written_as_a_field():
    with pytest.raises(TypeError):
        msgspec.json.encode(Holder(SecretText(TEXT)))


def test_what_is_absent_stays_absent():
    assert concealed(None) is None
    assert concealed(TEXT) == TEXT
    assert repr(concealed(TEXT)) == MASK


def test_requests_do_not_show():
    body = encode(Holder("hush"))
    frame = encode_request(1, "auth", {"bearer": "hush"})
    assert b"hush" in body
    assert b"hush" in frame
    assert "hush" not in f"{body!r} {frame!r}"


@pytest.mark.parametrize(
    "secret",
    [
        JWT,
        JWT[:12],
        NUMBER,
        f'["{NUMBER}","{NUMBER}"]',
        "Basic dXNlcjpodXNoaHVzaA==",
        "bearer of-another.kind~",
    ],
)
def test_what_looks_like_a_secret_is_taken_out_of_what_a_server_says(secret):
    rest = scrubbed(f"token {secret} is wrong").replace(MASK, "")
    assert set(rest) <= set('token is wrong[",]')


def test_what_a_server_says_is_one_short_line():
    assert scrubbed("a\r\n2026-01-01 [ERROR] b\t c") == "a 2026-01-01 [ERROR] b c"
    assert len(scrubbed("a" * 10_000_000)) == 303
    assert scrubbed(scrubbed("a " * 1_000)) == scrubbed("a " * 1_000)


def test_data_of_a_refusal_is_scrubbed_however_it_is_shaped():
    data = {f"a {JWT}": [JWT, 1, None, {"b": f"{NUMBER}!"}], "c": 1.5}
    assert scrubbed_data(data) == {f"a {MASK}": [MASK, 1, None, {"b": f"{MASK}!"}], "c": 1.5}
    deep: object = JWT
    for _ in range(500):
        deep = [deep]
    assert JWT not in repr(scrubbed_data(deep))


@pytest.mark.parametrize(
    "error",
    [
        from_http(400, f"X_{JWT}", f"no {JWT}", data=[JWT]),
        from_http(401, "INVALID_TOKEN", f"no {JWT}", data={"a": JWT}),
        from_http(404, None, f"no {JWT}"),
        from_http(429, None, f"no {JWT}", data=JWT),
        from_rpc(40111, f"invalid bearer token {JWT}", JWT),
        from_rpc(42901, f"slow {JWT}", [JWT]),
        from_rpc(-32600, f"no {JWT}"),
        from_batch(f"X_{JWT}", f"no {JWT}"),
        from_batch(None, f"no {JWT}"),
    ],
    ids=lambda error: str(error)[:20],
)
def test_no_refusal_repeats_a_token_that_a_server_sends_back(error):
    shown = f"{error} {error!r} {error.args} {vars(error)}"
    assert MASK in shown
    assert "eyJ" not in shown


def test_a_value_that_is_not_modelled_is_shown_in_part():
    assert len(str(UnmodelledValue("status", "x" * 10_000_000))) < 200


def _with_local(error):
    secret = "hush"
    try:
        {}[secret]
    except KeyError:
        raise error  # noqa: B904 - so that there is a context


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt()])
def test_an_error_leaves_its_frames_behind_and_a_bug_says_where_it_was(error):
    with pytest.raises(type(error)) as caught:
        _with_local(error)
    bare = without_frames(caught.value)
    assert bare is error
    assert (bare.__traceback__, bare.__context__, bare.__cause__) == (None, None, None)
    notes = "".join(getattr(bare, "__notes__", []))
    assert ("in _with_local" in notes) == isinstance(error, Exception)
    assert "hush" not in notes.replace('secret = "hush"', "")
