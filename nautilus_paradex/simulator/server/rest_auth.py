"""REST login, onboarding, subkeys and API tokens (PROTOCOL 2)."""

from collections.abc import Callable
from typing import Any
from typing import Final

from starknet_py.hash.address import compute_address
from starknet_py.hash.selector import get_selector_from_name

from nautilus_paradex.simulator.server.auth import normalize_felt
from nautilus_paradex.simulator.server.keys import ApiToken
from nautilus_paradex.simulator.server.keys import KeyRing
from nautilus_paradex.simulator.server.keys import Subkey
from nautilus_paradex.simulator.server.keys import parse_cidrs
from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.refusals import invalid_parameter
from nautilus_paradex.simulator.server.refusals import missing
from nautilus_paradex.simulator.server.rest import Answer
from nautilus_paradex.simulator.server.rest import Call
from nautilus_paradex.simulator.server.rest import Route
from nautilus_paradex.simulator.server.rest import results
from nautilus_paradex.simulator.server.signatures import is_signed_by
from nautilus_paradex.simulator.server.signatures import parse_signature
from nautilus_paradex.simulator.server.system_config import ACCOUNT_HASH
from nautilus_paradex.simulator.server.system_config import PROXY_HASH


_TOKEN_LIFETIME_S: Final = (60, 365 * 24 * 3600)


def l2_address(public_key: str) -> str:
    """Return the address of the account that belongs to a main key (PROTOCOL 2.2)."""
    calldata = [
        int(ACCOUNT_HASH, 16),
        get_selector_from_name("initialize"),
        2,
        int(public_key, 16),
        0,
    ]
    return hex(
        compute_address(
            class_hash=int(PROXY_HASH, 16),
            constructor_calldata=calldata,
            salt=int(public_key, 16),
            deployer_address=0,
        )
    )


class AuthEndpoints:
    """
    Login and keys.

    Parameters
    ----------
    open_account : Callable[[str, str], None]
        Opens an account (address, public key) with the deposit of a new one.

    """

    def __init__(self, open_account: Callable[[str, str], None]) -> None:
        self._open_account = open_account

    def routes(self) -> list[Route]:
        """Return the endpoints; the fixed paths come before the variable ones."""
        login = (
            ("POST", "/auth", self._login),
            ("POST", "/auth/{public_key}", self._login),
            ("POST", "/onboarding", self._onboard),
            ("GET", "/onboarding", self._onboarding_state),
        )
        keys = (
            ("GET", "/account/keys/subkeys", self._subkeys),
            ("POST", "/account/keys/subkeys", self._add_subkey),
            ("POST", "/account/keys/subkeys/activate", self._activate_subkey),
            ("GET", "/account/keys/subkeys/{public_key}", self._subkey),
            ("PUT", "/account/keys/subkeys/{public_key}", self._rename_subkey),
            ("PUT", "/account/keys/subkeys/{public_key}/allowed-cidrs", self._subkey_cidrs),
            ("DELETE", "/account/keys/subkeys/{public_key}", self._revoke_subkey),
            ("GET", "/account/tokens", self._tokens),
            ("POST", "/account/tokens", self._add_token),
            ("PUT", "/account/tokens/{lookup_id}/allowed-cidrs", self._token_cidrs),
            ("DELETE", "/account/tokens/{lookup_id}", self._revoke_token),
        )
        return [
            Route(method=method, path=path, kind="auth", handler=handler)
            for method, path, handler in login
        ] + [
            Route(method=method, path=path, kind="private", handler=handler)
            for method, path, handler in keys
        ]

    # -- LOGIN ------------------------------------------------------------------------------

    async def _login(self, call: Call) -> Answer:
        usage = call.optional("token_usage")
        if usage not in (None, "interactive"):
            raise invalid_parameter("token_usage: must be a valid value")
        token = call.venue.authority.login(
            call.request.headers,
            call.request.match_info.get("public_key"),
            interactive=usage == "interactive",
        )
        return Answer(body={"jwt_token": token})

    async def _onboard(self, call: Call) -> Answer:
        body = await call.json_object()
        public_key = body.get("public_key")
        if not isinstance(public_key, str) or not public_key:
            raise missing("public_key")
        authority = call.venue.authority
        account, key = authority.check_onboarding(call.request.headers, public_key)
        if account not in authority.rings:
            self._open_account(account, key)
        return Answer(body={})

    async def _onboarding_state(self, call: Call) -> Answer:
        if call.required("account_signer_type") != "starknet":
            raise invalid_parameter("account_signer_type: must be starknet")
        key = normalize_felt(call.required("public_key"), "PUBLIC_KEY_INVALID")
        rings = call.venue.authority.rings
        known = [ring.account for ring in rings.values() if ring.main_key == key]
        return Answer(
            body={
                "account_signer_type": "starknet",
                "address": known[0] if known else l2_address(key),
                "exists": bool(known),
                "derivation_info": {"class_hash": ACCOUNT_HASH, "proxy_class_hash": PROXY_HASH},
            }
        )

    # -- SUBKEYS ----------------------------------------------------------------------------

    async def _subkeys(self, call: Call) -> Answer:
        with_revoked = call.optional("with_revoked") == "true"
        ring = call.venue.authority.ring(call.account)
        return results(
            _subkey_json(ring, subkey)
            for subkey in ring.subkeys.values()
            if with_revoked or subkey.state != "revoked"
        )

    async def _subkey(self, call: Call) -> Answer:
        ring = call.venue.authority.ring(call.account)
        return Answer(body=_subkey_json(ring, ring.subkey(_key_of(call))))

    async def _add_subkey(self, call: Call) -> Answer:
        ring = _main_ring(call)
        body = await call.json_object()
        key = normalize_felt(_text(body, "public_key"), "PUBLIC_KEY_INVALID")
        state = body.get("state") or "active"
        if state not in ("active", "pending"):
            raise invalid_parameter("state: must be active or pending")
        timestamp = _integer(body, "signature_timestamp")
        expiry = _integer(body, "signature_expiry")
        if expiry * 1_000_000 <= call.received_us or timestamp >= expiry:
            raise Refusal("INVALID_TIMESTAMP", "signature has expired")
        message = call.venue.authority.hashes.subkey(
            int(ring.account, 16), int(key, 16), timestamp, expiry
        )
        signature = parse_signature(
            body.get("signature"), "INVALID_STARKNET_SIGNATURE", allow_hex=True
        )
        if not is_signed_by(int(ring.main_key, 16), message, signature):
            raise Refusal(
                "STARKNET_SIGNATURE_VERIFICATION_FAILED", "starknet signature verification failed"
            )
        name, cidrs = _text(body, "name"), parse_cidrs(body.get("allowed_cidrs"))
        ring.add_subkey(key, name, state, cidrs)
        call.venue.exchange.add_key(ring.account, key, name=name)
        # The older OpenAPI document says an empty 201, which the SDK takes for broken JSON.
        return Answer(status=204)

    async def _activate_subkey(self, call: Call) -> Answer:
        ring = _main_ring(call)
        body = await call.json_object()
        subkey = ring.subkey(normalize_felt(_text(body, "public_key"), "PUBLIC_KEY_INVALID"))
        if subkey.state != "pending":
            raise Refusal("SUBKEY_NOT_ACTIVATABLE", "subkey is not pending")
        subkey.state = "active"
        return Answer(body={"encrypted_key": ""})

    async def _rename_subkey(self, call: Call) -> Answer:
        ring = _main_ring(call)
        subkey = ring.subkey(_key_of(call))
        subkey.name = _text(await call.json_object(), "name")
        return Answer(body=_subkey_json(ring, subkey))

    async def _subkey_cidrs(self, call: Call) -> Answer:
        ring = _main_ring(call)
        subkey = ring.subkey(_key_of(call))
        subkey.allowed_cidrs = parse_cidrs((await call.json_object()).get("allowed_cidrs"))
        return Answer(body=_subkey_json(ring, subkey))

    async def _revoke_subkey(self, call: Call) -> Answer:
        ring = _main_ring(call)
        key = _key_of(call)
        ring.revoke_subkey(key)
        call.venue.exchange.remove_key(ring.account, key)
        return Answer(body={"public_key": key})

    # -- API TOKENS -------------------------------------------------------------------------

    async def _tokens(self, call: Call) -> Answer:
        with_invalid = call.optional("with_invalid") == "true"
        ring = call.venue.authority.ring(call.account)
        now_s = call.received_us // 1_000_000
        return results(
            _token_json(token)
            for token in ring.tokens.values()
            if with_invalid or (not token.revoked_s and token.expiry_s > now_s)
        )

    async def _add_token(self, call: Call) -> Answer:
        ring = _main_ring(call)
        body = await call.json_object()
        lifetime_s = _integer(body, "expiry_duration")
        shortest, longest = _TOKEN_LIFETIME_S
        if not shortest <= lifetime_s <= longest:
            raise invalid_parameter(f"expiry_duration: must be between {shortest} and {longest}")
        kind = _text(body, "token_type")
        cidrs = parse_cidrs(body.get("allowed_cidrs"))
        api_token = ring.add_token(_text(body, "name"), kind, lifetime_s, cidrs)
        token = call.venue.tokens.issue(
            ring.account,
            read_only=True,
            lifetime_s=lifetime_s,
            lookup_id=api_token.lookup_id,
        )
        return Answer(body={"token": token, "api_token": _token_json(api_token)})

    async def _token_cidrs(self, call: Call) -> Answer:
        token = _main_ring(call).token(call.path("lookup_id"))
        token.allowed_cidrs = parse_cidrs((await call.json_object()).get("allowed_cidrs"))
        return Answer(body=_token_json(token))

    async def _revoke_token(self, call: Call) -> Answer:
        lookup_id = call.path("lookup_id")
        _main_ring(call).revoke_token(lookup_id)
        return Answer(body={"lookup_id": lookup_id})


def _main_ring(call: Call) -> KeyRing:
    """Return the keys of the account; only its main key may change them (PROTOCOL 2.1)."""
    ring = call.venue.authority.ring(call.account)
    if call.principal.key != ring.main_key:
        raise Refusal("INVALID_TOKEN_SCOPE", "only the main key may do this")
    return ring


def _key_of(call: Call) -> str:
    return normalize_felt(call.path("public_key"), "PUBLIC_KEY_INVALID")


def _text(body: dict[str, Any], field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise missing(field)
    return value


def _integer(body: dict[str, Any], field: str) -> int:
    value = body.get(field)
    if type(value) is not int or not 0 <= value < 2**63:
        raise missing(field)
    return value


def _subkey_json(ring: KeyRing, subkey: Subkey) -> dict[str, Any]:
    return {
        "id": subkey.id,
        "account_id": ring.account,
        "public_key": subkey.public_key,
        "name": subkey.name,
        "state": subkey.state,
        "allowed_cidrs": subkey.allowed_cidrs,
        # Nanoseconds (trap 16).
        "created_at": subkey.created_ns,
        "updated_at": subkey.updated_ns,
        "revoked_at": subkey.revoked_ns,
    }


def _token_json(token: ApiToken) -> dict[str, Any]:
    return {
        "lookup_id": token.lookup_id,
        "token_id": token.lookup_id,
        "name": token.name,
        "kind": token.kind,
        "allowed_cidrs": token.allowed_cidrs,
        "created_at": token.created_s,
        "last_updated_at": token.revoked_s or token.created_s,
        "expiry_at": token.expiry_s,
        "revoked_at": token.revoked_s,
    }
