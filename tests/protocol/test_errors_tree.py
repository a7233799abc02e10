"""The tree of errors: fields, text, and what a code proves (PROTOCOL 6.7, 8.4, 8.5; rule E6)."""

import pytest

from nautilus_paradex.protocol import errors
from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import RateLimitError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import UnmodelledValue
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.errors import from_http
from nautilus_paradex.protocol.errors import from_rpc


def test_the_tree_is_as_its_docstring_draws_it() -> None:
    assert issubclass(WireError, ParadexError)
    for kind in (DecodeError, UnmodelledValue, NumberError):
        assert issubclass(kind, WireError)
    for kind in (EncodeError, TransportError, VenueError):
        assert kind.__bases__ == (ParadexError,)
    for kind in (AuthenticationError, RateLimitError, NotFoundError):
        assert kind.__bases__ == (VenueError,)
    assert issubclass(NumberError, ValueError)


def test_an_error_composes_its_text_from_its_fields() -> None:
    assert str(ParadexError("broken")) == "broken"
    error = ParadexError("broken", code="X", transient=True)
    assert str(error) == "X: broken"
    assert repr(error) == (
        "ParadexError(code='X', message='broken', transient=True, outcome_unknown=False)"
    )


def test_wire_errors_say_what_they_met() -> None:
    assert (
        str(UnmodelledValue("status", "HALF"))
        == "status has the value 'HALF', which is not modelled"
    )
    error = NumberError("9" * 100, "is odd")
    assert error.text == "9" * 100
    assert error.problem == "is odd"
    assert len(str(error)) < 80


@pytest.mark.parametrize("sent", [True, False])
def test_no_answer_is_transient_and_unknown_only_if_it_was_sent(sent: bool) -> None:
    error = TransportError("timeout", sent=sent)
    assert error.transient
    assert error.outcome_unknown is sent
    assert error.sent is sent


def test_a_429_proves_nothing_about_an_order_and_says_when_to_retry() -> None:
    error = from_http(429, None, "rate limit exceeded", data={"a": 1}, retry_after=2.5)
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 2.5
    assert error.transient
    assert error.outcome_unknown
    assert error.status == 429
    assert error.data == {"a": 1}


@pytest.mark.parametrize("code", sorted(errors.NOT_FOUND_CODES))
def test_not_found_codes_are_proof_of_absence(code: str) -> None:
    for error in (from_http(404, code, "gone"), from_rpc(-32600, "invalid", code)):
        assert isinstance(error, NotFoundError)
        assert not error.outcome_unknown
        assert not error.transient


def test_a_404_without_code_is_no_proof() -> None:
    error = from_http(404, None, "<html>")
    assert isinstance(error, NotFoundError)
    assert error.outcome_unknown


def test_e6_an_unlisted_code_of_the_venues_own_form_at_404_is_proof_of_absence() -> None:
    error = from_http(404, "ORDER_NOT_FOUND", "gone")
    assert isinstance(error, NotFoundError)
    assert not error.outcome_unknown


@pytest.mark.parametrize("code", ["Not Found", "not_found", "ROUTE_UNKNOWN"])
def test_e6_words_of_something_in_between_at_404_prove_nothing(code: str) -> None:
    error = from_http(404, code, "no route")
    assert not isinstance(error, NotFoundError)
    assert error.outcome_unknown


@pytest.mark.parametrize("code", sorted(errors.AUTHENTICATION_CODES))
def test_authentication_codes_are_found_at_any_status(code: str) -> None:
    for error in (from_http(400, code, "no"), from_rpc(100, f"auth failed ({code})")):
        assert isinstance(error, AuthenticationError)
        assert not error.outcome_unknown


@pytest.mark.parametrize("status", [401, 403])
def test_401_and_403_are_authentication_whatever_the_body(status: int) -> None:
    assert isinstance(from_http(status, None, "<html>"), AuthenticationError)


@pytest.mark.parametrize(
    "code",
    sorted(errors.DEFINITIVE_CODES - errors.AUTHENTICATION_CODES - errors.NOT_FOUND_CODES),
)
def test_a_definitive_refusal_was_not_carried_out(code: str) -> None:
    for error in (
        from_http(400, code, "no"),
        from_rpc(100, "order rejected", {"error": code, "message": "no"}),
    ):
        assert type(error) is VenueError
        assert not error.outcome_unknown
        assert error.transient is (code in errors.TRANSIENT_CODES)


@pytest.mark.parametrize(
    ("status", "code", "transient"),
    [
        (400, "SOMETHING_NEW", False),
        (400, None, False),
        (500, "INTERNAL_ERROR", True),
        (502, None, True),
        (503, "SERVICE_UNAVAILABLE", True),
        (503, "SYSTEM_STATUS_CANCEL_ONLY", True),
        (400, "INTERNAL_ERROR", True),
    ],
)
def test_unknown_codes_and_server_errors_leave_the_outcome_unknown(
    status: int, code: str | None, transient: bool
) -> None:
    error = from_http(status, code, "hm")
    assert error.outcome_unknown
    assert error.transient is transient


@pytest.mark.parametrize("code", [40110, 40111, 40112, 40300])
def test_rpc_codes_of_authentication(code: int) -> None:
    assert isinstance(from_rpc(code, "no"), AuthenticationError)


def test_the_rpc_rate_limit_is_the_rest_rate_limit() -> None:
    error = from_rpc(42901, "Rate limit exceeded")
    assert isinstance(error, RateLimitError)
    assert error.code == 42901
    assert error.retry_after is None


@pytest.mark.parametrize("code", [-32700, -32600, -32601, -32602])
def test_a_malformed_rpc_request_was_not_carried_out(code: int) -> None:
    error = from_rpc(code, "no")
    assert type(error) is VenueError
    assert not error.outcome_unknown
    assert not error.transient


@pytest.mark.parametrize(("code", "transient"), [(-32603, True), (100, False), (5, False)])
def test_other_rpc_codes_leave_the_outcome_unknown(code: int, transient: bool) -> None:
    error = from_rpc(code, "hm", ["no", "names", "here"])
    assert error.outcome_unknown
    assert error.transient is transient


def test_the_venues_data_is_part_of_the_text() -> None:
    assert str(from_rpc(-32600, "invalid", "no such channel")) == "-32600: invalid: no such channel"
    assert str(from_rpc(-32600, "invalid", "")) == "-32600: invalid"


@pytest.mark.parametrize(
    ("message", "data"),
    [
        ("ORDER_IS_CLOSED", None),
        ("error", "ORDER_IS_CLOSED: order 5"),
        ("error", "[ORDER_IS_CLOSED] already"),
        ("error", {"code": "ORDER_IS_CLOSED"}),
        ("error", {"message": "order: ORDER_IS_CLOSED."}),
    ],
)
def test_a_rest_code_is_found_where_the_venue_hides_it(message: str, data: object) -> None:
    assert not from_rpc(100, message, data).outcome_unknown


def test_a_part_of_a_word_is_no_code() -> None:
    assert from_rpc(100, "MY_NOT_FOUND_THING").outcome_unknown
