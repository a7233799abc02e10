"""Login, tokens, subkeys, onboarding (PROTOCOL 2)."""

import json
import time

import pytest
from starknet_py.hash.utils import compute_hash_on_elements
from starknet_py.hash.utils import message_signature

from tests.simulator import server_client as client
from tests.simulator.server_client import KEY
from tests.simulator.server_client import OTHER_KEY
from tests.simulator.server_client import SUBKEY
from tests.simulator.server_client import Rest
from tests.simulator.server_client import World
from tests.simulator.server_client import auth_headers
from tests.simulator.server_client import claims_of
from tests.simulator.server_client import public_key
from tests.simulator.server_client import world


async def refusal(rest: Rest, headers: dict[str, str], path: str = "/auth") -> tuple[int, str]:
    status, body, _ = await rest.request("POST", path, headers=headers)
    return status, body["error"]


async def test_a_main_key_logs_in_with_and_without_its_key_in_the_url():
    async with world() as w:
        for key in (None, public_key(KEY)):
            await w.rest.login(w.account, KEY, key)
            claims = claims_of(w.rest.token)
            assert claims["sub"] == w.account
            assert 295 <= claims["exp"] - time.time() <= 301
            assert (await w.rest.get("/account"))["account"] == w.account


async def test_the_address_of_a_key_is_the_one_of_the_protocols_vector():
    async with world() as w:
        assert w.account == "0x26192f7b814b465a1ff858762ae35e9d1f59076b11a4def380bd27b8170cf5d"


async def test_a_login_that_is_signed_wrongly_is_refused():
    failed = (401, "STARKNET_SIGNATURE_VERIFICATION_FAILED")
    async with world() as w:
        assert await refusal(w.rest, auth_headers(w.account, OTHER_KEY)) == failed
        assert await refusal(w.rest, auth_headers(w.account, KEY, chain="SN_MAIN")) == failed
        now = int(time.time())
        signed = auth_headers(w.account, KEY, timestamp=now)
        shifted = signed | {"PARADEX-TIMESTAMP": str(now - 1)}
        assert await refusal(w.rest, shifted) == failed
        # Trap 22: the key of the URL must be the one that signed.
        headers = auth_headers(w.account, KEY)
        assert await refusal(w.rest, headers, f"/auth/{public_key(OTHER_KEY)}") == failed


async def test_a_login_of_an_unknown_account_says_not_onboarded():
    async with world() as w:
        headers = auth_headers("0x123456", KEY)
        assert await refusal(w.rest, headers) == (400, "NOT_ONBOARDED")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"PARADEX-STARKNET-ACCOUNT": ""}, (400, "VALIDATION_ERROR")),
        ({"PARADEX-STARKNET-ACCOUNT": "mine"}, (400, "INVALID_STARKNET_ADDRESS")),
        ({"PARADEX-STARKNET-SIGNATURE": '["0x1","0x2"]'}, (400, "INVALID_STARKNET_SIGNATURE")),
        ({"PARADEX-TIMESTAMP": "soon"}, (400, "INVALID_TIMESTAMP")),
        ({"PARADEX-SIGNATURE-EXPIRATION": "1"}, (400, "INVALID_BLOCK_EXPIRATION")),
    ],
)
async def test_headers_that_are_missing_or_malformed_are_named(
    change: dict[str, str], expected: tuple[int, str]
):
    async with world() as w:
        assert await refusal(w.rest, auth_headers(w.account, KEY) | change) == expected


async def test_a_login_signed_for_another_time_is_refused():
    async with world() as w:
        now = int(time.time())
        future = auth_headers(w.account, KEY, timestamp=now + 3600)
        assert await refusal(w.rest, future) == (400, "INVALID_TIMESTAMP")
        past = auth_headers(w.account, KEY, timestamp=now - 3600, expiration=now - 60)
        assert await refusal(w.rest, past) == (400, "INVALID_TIMESTAMP")
        long = auth_headers(w.account, KEY, expiration=now + 8 * 86_400)
        assert await refusal(w.rest, long) == (400, "INVALID_BLOCK_EXPIRATION")


async def test_requests_without_a_valid_token_get_401():
    async with world() as w:
        status, body, _ = await w.rest.request("GET", "/account")
        assert (status, body["error"]) == (401, "UNAUTHORIZED_ERROR")
        await w.login()
        head, claims, signature = w.rest.token.split(".")
        for token in ("x", "a.b.c", f"{head}.{claims[:-4]}AAAA.{signature}"):
            w.rest.token = token
            status, body, _ = await w.rest.request("GET", "/account")
            assert (status, body["error"]) == (401, "INVALID_TOKEN")


async def test_a_token_expires_and_a_new_login_helps():
    async with world(jwt_lifetime_s=0.5) as w:
        await w.login()

        async def status() -> int:
            return (await w.rest.request("GET", "/account"))[0]

        assert await status() == 200
        deadline = time.monotonic() + client.DEADLINE_S
        while await status() != 401:
            assert time.monotonic() < deadline
        await w.login()
        assert await status() == 200


async def test_tokens_can_be_expired_by_force():
    async with world() as w:
        await w.login()
        w.paradex.expire_tokens()
        assert (await w.rest.request("GET", "/account"))[1]["error"] == "INVALID_TOKEN"
        await w.login()
        assert (await w.rest.request("GET", "/account"))[0] == 200


# -- SUBKEYS ----------------------------------------------------------------------------------


def subkey_body(account: str, **fields: object) -> dict[str, object]:
    now = int(time.time())
    message = compute_hash_on_elements(
        [int(account, 16), int(public_key(SUBKEY), 16), now, now + 600]
    )
    signature = message_signature(message, int(KEY, 16))
    return {
        "name": "trader",
        "public_key": public_key(SUBKEY),
        "signature": [hex(part) for part in signature],
        "signature_timestamp": now,
        "signature_expiry": now + 600,
    } | fields


async def register_subkey(w: World, **fields: object) -> None:
    status, body, _ = await w.rest.request(
        "POST", "/account/keys/subkeys", subkey_body(w.account, **fields)
    )
    assert status == 204, body


async def test_a_subkey_logs_in_for_the_main_account_and_signs_its_orders():
    async with world() as w:
        await w.login()
        await register_subkey(w)
        trader = Rest(w.session, w.paradex.http_url)
        await trader.login(w.account, SUBKEY, public_key(SUBKEY))
        assert claims_of(trader.token)["sub"] == w.account
        body = client.order_body(w.account, SUBKEY)
        status, order, _ = await trader.request("POST", "/orders", body)
        assert (status, order["account"]) == (201, w.account)
        # Only the main key may manage keys (PROTOCOL 2.1).
        status, body, _ = await trader.request(
            "POST", "/account/keys/subkeys", subkey_body(w.account)
        )
        assert (status, body["error"]) == (403, "INVALID_TOKEN_SCOPE")
        keys = (await w.rest.get("/account/keys/subkeys"))["results"]
        assert [(key["name"], key["state"]) for key in keys] == [("trader", "active")]


async def test_a_subkey_without_its_key_in_the_url_cannot_log_in():
    async with world() as w:
        await w.login()
        await register_subkey(w)
        headers = auth_headers(w.account, SUBKEY)
        assert (await refusal(w.rest, headers))[1] == "STARKNET_SIGNATURE_VERIFICATION_FAILED"


async def test_a_revoked_subkey_and_its_tokens_are_dead():
    async with world() as w:
        await w.login()
        await register_subkey(w)
        trader = Rest(w.session, w.paradex.http_url)
        await trader.login(w.account, SUBKEY, public_key(SUBKEY))
        path = f"/account/keys/subkeys/{public_key(SUBKEY)}"
        assert (await w.rest.request("DELETE", path))[0] == 200
        assert (await trader.request("GET", "/account"))[1]["error"] == "INVALID_TOKEN"
        headers = auth_headers(w.account, SUBKEY)
        path = f"/auth/{public_key(SUBKEY)}"
        assert (await refusal(w.rest, headers, path))[1] == "INVALID_SUBKEY"
        body = client.order_body(w.account, SUBKEY)
        status, answer, _ = await w.rest.request("POST", "/orders", body)
        assert (status, answer["error"]) == (400, "INVALID_ORDER_SIGNATURE")


async def test_a_subkey_signed_by_another_key_is_not_registered():
    async with world() as w:
        await w.login()
        body = subkey_body(w.account, signature=["1", "2"])
        status, answer, _ = await w.rest.request("POST", "/account/keys/subkeys", body)
        assert status == 401
        assert answer["error"] == "STARKNET_SIGNATURE_VERIFICATION_FAILED"
        assert (await w.rest.get("/account/keys/subkeys"))["results"] == []


async def test_a_pending_subkey_works_once_activated():
    async with world() as w:
        await w.login()
        await register_subkey(w, state="pending")
        headers = auth_headers(w.account, SUBKEY)
        path = f"/auth/{public_key(SUBKEY)}"
        assert (await refusal(w.rest, headers, path))[1] == "INVALID_SUBKEY"
        body = {"public_key": public_key(SUBKEY)}
        status, _, _ = await w.rest.request("POST", "/account/keys/subkeys/activate", body)
        assert status == 200
        await w.rest.login(w.account, SUBKEY, public_key(SUBKEY))


# -- READ-ONLY TOKENS -------------------------------------------------------------------------


async def test_a_read_only_token_reads_and_streams_but_does_not_trade():
    async with world() as w:
        await w.login()
        body = {"name": "eye", "token_type": "jwt", "expiry_duration": 3600}
        status, created, _ = await w.rest.request("POST", "/account/tokens", body)
        assert status == 200
        eye = Rest(w.session, w.paradex.http_url)
        eye.token = created["token"]
        assert (await eye.get("/orders"))["results"] == []
        status, answer, _ = await eye.request("POST", "/orders", w.order())
        assert (status, answer["error"]) == (403, "INVALID_TOKEN_SCOPE")
        status, answer, _ = await eye.request("DELETE", "/orders")
        assert (status, answer["error"]) == (403, "INVALID_TOKEN_SCOPE")
        stream = await w.stream(auth=False)
        await stream.result("auth", {"bearer": eye.token})
        await stream.subscribe("orders.ALL")
        answer = await stream.call("order.cancel_all", {})
        assert answer["error"]["code"] == 40300
        lookup_id = created["api_token"]["lookup_id"]
        assert (await w.rest.request("DELETE", f"/account/tokens/{lookup_id}"))[0] == 200
        assert (await eye.request("GET", "/orders"))[1]["error"] == "INVALID_TOKEN"
        await stream.close()


@pytest.mark.parametrize("lifetime", [59, 366 * 86_400])
async def test_a_read_only_token_lives_from_a_minute_to_a_year(lifetime: int):
    async with world() as w:
        await w.login()
        body = {"name": "eye", "token_type": "jwt", "expiry_duration": lifetime}
        status, answer, _ = await w.rest.request("POST", "/account/tokens", body)
        assert (status, answer["error"]) == (400, "INVALID_REQUEST_PARAMETER")


async def test_an_allow_list_keeps_other_addresses_out_where_it_is_enforced():
    async with world(loopback_address_checks=True) as w:
        await w.login()
        eye = Rest(w.session, w.paradex.http_url)
        body = {"name": "eye", "token_type": "jwt", "expiry_duration": 3600}
        for cidr, expected in (("127.0.0.0/8", 200), ("203.0.113.0/24", 403)):
            _, created, _ = await w.rest.request(
                "POST", "/account/tokens", body | {"allowed_cidrs": [cidr]}
            )
            eye.token = created["token"]
            assert (await eye.request("GET", "/orders"))[0] == expected
        status, answer, _ = await w.rest.request(
            "POST", "/account/tokens", body | {"allowed_cidrs": ["home"]}
        )
        assert (status, answer["error"]) == (400, "INVALID_REQUEST_PARAMETER")


# -- ONBOARDING -------------------------------------------------------------------------------


async def test_onboarding_opens_a_funded_account_and_may_be_repeated():
    async with world(onboarding_usdc="777") as w:
        key = public_key(OTHER_KEY)
        query = {"account_signer_type": "starknet", "public_key": key}
        state = await w.rest.get("/onboarding", **query)
        assert state["exists"] is False
        account = state["address"]
        headers = {
            "PARADEX-ETHEREUM-ACCOUNT": "0x1",
            "PARADEX-STARKNET-ACCOUNT": account,
            "PARADEX-STARKNET-SIGNATURE": client.signed(
                "Constant", {"action": "Onboarding"}, account, OTHER_KEY
            ),
        }
        for _ in range(2):
            status, answer, _ = await w.rest.request(
                "POST", "/onboarding", {"public_key": key}, headers=headers
            )
            assert (status, answer) == (200, {})
        assert (await w.rest.get("/onboarding", **query))["exists"] is True
        await w.rest.login(account, OTHER_KEY, key)
        assert (await w.rest.get("/account"))["total_collateral"] == "777"


async def test_onboarding_with_a_foreign_signature_is_refused():
    async with world() as w:
        headers = {
            "PARADEX-ETHEREUM-ACCOUNT": "0x1",
            "PARADEX-STARKNET-ACCOUNT": "0x123",
            "PARADEX-STARKNET-SIGNATURE": json.dumps(["1", "2"]),
        }
        status, answer, _ = await w.rest.request(
            "POST", "/onboarding", {"public_key": public_key(OTHER_KEY)}, headers=headers
        )
        assert status == 401
        assert answer["error"] == "STARKNET_SIGNATURE_VERIFICATION_FAILED"
        assert not w.exchange.queries.has_account("0x123")
