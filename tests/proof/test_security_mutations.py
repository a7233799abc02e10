"""
What guards secrets and the ways to the venue is itself guarded: without it, a named test fails.

All these guards are taken out of one copy of the package at once, since their tests see nothing of
each other's; ``make soak`` takes each out alone.
"""

from pathlib import Path

import pytest

from tests.proof.mutations import Mutation
from tests.proof.mutations import copy_without
from tests.proof.mutations import failures_in


_TRANSPORT = "tests/security/test_transport_security.py"
_SIZES = "tests/security/test_size_limits.py"
_CREDENTIALS = "tests/security/test_credentials.py"

MUTATIONS = (
    Mutation(
        name="certificates are not verified",
        file="network/tls.py",
        guard="context = ssl.create_default_context()",
        instead="context = ssl._create_unverified_context()",
        test=f"{_TRANSPORT}::test_any_other_certificate_is_refused_before_a_byte_is_sent",
    ),
    Mutation(
        name="redirects of requests are followed",
        file="network/http_transport.py",
        guard="allow_redirects=False,",
        instead="allow_redirects=True,",
        test=f"{_TRANSPORT}::test_a_redirect_takes_no_request_anywhere",
    ),
    Mutation(
        name="redirects of upgrades are followed",
        file="network/websocket.py",
        guard="max_redirects=0,",
        instead="max_redirects=5,",
        test=f"{_TRANSPORT}::test_a_redirect_takes_no_upgrade_anywhere",
    ),
    Mutation(
        name="plain text goes to any machine",
        file="network/address.py",
        guard="if not is_loopback(place.host):",
        instead="if False:",
        test=f"{_TRANSPORT}::test_everything_else_is_refused",
    ),
    Mutation(
        name="plain text goes through any proxy",
        file="network/address.py",
        guard="if proxy is not None and not is_loopback",
        instead="if proxy is False and not is_loopback",
        test=f"{_TRANSPORT}::test_plain_text_to_this_machine_does_not_leave_it_for_a_proxy",
    ),
    Mutation(
        name="proxies of the environment are used",
        file="network/http_transport.py",
        guard="trust_env=False,",
        instead="trust_env=True,",
        test=f"{_TRANSPORT}::test_proxies_of_the_environment_are_not_used",
    ),
    Mutation(
        name="an error carries the libraries' frames along",
        file="network/http_transport.py",
        guard="raise without_frames(error) from None",
        instead="raise",
        test=f"{_TRANSPORT}::test_work_that_is_given_up_leaves_no_frame_with_its_secrets",
    ),
    Mutation(
        name="answers have no limit",
        file="network/http_transport.py",
        guard="limit = self._settings.max_body_bytes",
        instead="limit = 10**15",
        test=f"{_SIZES}::test_an_answer_that_unpacks_above_the_limit_does_not_unpack_in_memory",
    ),
    Mutation(
        name="frames that the library reads on have no limit",
        file="network/websocket.py",
        guard="if frame.payload_size > MAX_FRAME_BYTES:",
        instead="if False:",
        test=f"{_SIZES}::test_a_frame_above_the_limit_ends_the_socket_with_its_reason[262145-1]",
    ),
    Mutation(
        name="announced frames have no limit",
        file="network/websocket.py",
        guard="max_frame_size=MAX_FRAME_BYTES,",
        instead="max_frame_size=2**62,",
        test=f"{_SIZES}::test_a_frame_is_refused_by_the_length_that_it_announces",
    ),
    Mutation(
        name="an error of the WebSocket library goes past a close",
        file="network/websocket.py",
        guard='_LIBRARY_LOG.debug("The socket had been given up: %s", scrubbed(str(e)))',
        instead="raise",
        test=f"{_SIZES}::test_a_frame_above_the_limit_ends_the_socket_with_its_reason[262145-2]",
    ),
    Mutation(
        name="messages in pieces have no limit",
        file="network/websocket.py",
        guard="if len(self._parts) > MAX_FRAME_BYTES:",
        instead="if False:",
        test=f"{_SIZES}::test_a_message_in_pieces_above_the_limit_ends_the_socket[1000]",
    ),
    Mutation(
        name="pages have no limit",
        file="network/rest/core.py",
        guard="for _ in range(MAX_PAGES):",
        instead="for _ in range(10**9):",
        test=f"{_SIZES}::test_pages_that_do_not_end_are_an_error",
    ),
    Mutation(
        name="rows have no limit",
        file="network/rest/core.py",
        guard="if len(seen) == MAX_ROWS:",
        instead="if False:",
        test=f"{_SIZES}::test_pages_with_more_rows_than_asked_for_end_too",
    ),
    Mutation(
        name="nobody asks whose the credentials are",
        file="network/link.py",
        guard="if owner != self.account:",
        instead="if False:",
        test=f"{_CREDENTIALS}::test_a_read_only_token_of_another_account_is_found_at_connect",
    ),
    Mutation(
        name="all credentials of an account share a link",
        file="factories.py",
        guard="private_key=settings.private_key,",
        instead="private_key=None,",
        test=f"{_CREDENTIALS}::test_credentials_of_one_account_are_never_used_for_another_client",
    ),
    Mutation(
        name="a read-only client sends orders",
        file="execution/submits.py",
        guard="reason: str | None = READ_ONLY_REASON",
        instead="reason: str | None = None",
        test=f"{_CREDENTIALS}::test_a_read_only_client_refuses_every_command_with_its_reason",
    ),
    Mutation(
        name="secrets show",
        file="protocol/secrecy.py",
        guard="return MASK",
        instead="return super().__repr__()",
        test=f"{_CREDENTIALS}::test_nothing_that_holds_a_secret_shows_it",
    ),
    Mutation(
        name="a request shows its token",
        file="network/http_transport.py",
        guard='SecretText(f"Bearer {token}")',
        instead='f"Bearer {token}"',
        test=f"{_CREDENTIALS}::test_a_request_does_not_show_the_token_that_it_carries",
    ),
    Mutation(
        name="secrets are saved",
        file="protocol/secrecy.py",
        guard='raise TypeError("a secret is not saved")',
        instead="return super().__reduce_ex__(protocol)",
        test=f"{_CREDENTIALS}::test_nothing_that_holds_a_secret_is_saved",
    ),
    Mutation(
        name="a nonce signs many messages",
        file="protocol/signing/signer.py",
        guard="_nonce(message_hash, key, seed)",
        instead="_nonce(1, key, seed)",
        test="tests/security/test_nonces.py::test_every_message_has_a_nonce_of_its_own",
    ),
    Mutation(
        name="a refused key is tried again at once",
        file="network/key_refusals.py",
        guard="and left > 0:",
        instead="and False:",
        test="tests/network/test_auth_refusals.py::"
        "test_waits_between_logins_grow_from_a_second_to_a_minute",
    ),
)


#: What has to hold even so: else a test might fail for another reason than its guard.
_CONTROLS = (
    f"{_TRANSPORT}::test_a_certificate_that_is_trusted_and_the_hosts_own_is_taken",
    f"{_TRANSPORT}::test_plain_text_goes_to_this_machine_and_tls_anywhere",
    f"{_SIZES}::test_an_answer_at_the_limit_is_taken_packed_or_not",
    f"{_SIZES}::test_empty_pieces_without_end_take_no_memory",
    f"{_CREDENTIALS}::test_credentials_of_the_account_open_its_link",
    "tests/network/test_auth_refusals.py::test_one_fresh_token_that_is_refused_is_chance",
)


@pytest.mark.timeout(300)
def test_without_the_guards_of_secrets_every_named_test_fails(tmp_path: Path) -> None:
    tests = [each.test for each in MUTATIONS]
    said = failures_in(copy_without(MUTATIONS, tmp_path), [*tests, *_CONTROLS], "-rfE")
    unseen = [each.name for each in MUTATIONS if f"FAILED {each.test}" not in said]
    assert not unseen
    assert not [test for test in _CONTROLS if test in said]
    assert "ERROR tests" not in said


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_without_one_of_them_its_own_test_fails(mutation: Mutation, tmp_path: Path) -> None:
    failures_in(copy_without([mutation], tmp_path), [mutation.test], "-x")
