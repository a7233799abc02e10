"""
A subkey that is revoked while a node trades with it, and works again later (E13).

Orders are rejected with the venue's reason and without asking it each time, cancels are tried,
logins are few, and when the key works again so does trading.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from nautilus_trader.model.orders import Order

from nautilus_paradex.protocol.signing import Signer
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.server.keys import KeyRing
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import running_node
from tests.acceptance.node import until
from tests.conftest import Count
from tests.faults.sessions import BUY
from tests.faults.sessions import Session


SUBKEY = "0x5b9d2f3a1c7e40668d01fe3c5a7b9182736455463728190a0b0c0d0e0f10111"
PUBLIC = Signer(SUBKEY).public_key_hex

pytestmark = pytest.mark.survives(5)


class Subkey:
    """A subkey of the node's account, at the venue."""

    def __init__(self, at: Session, ring: KeyRing) -> None:
        self.at = at
        self._ring = ring

    def revoke(self) -> None:
        """Take its rights away, its tokens' too."""
        self._ring.revoke_subkey(PUBLIC)

    def reinstate(self) -> None:
        """Give them back."""
        self._ring.reinstate_subkey(PUBLIC)

    @property
    def logins(self) -> int:
        return sum(path.startswith("/auth") for _, path in self.at.requests)

    def figures(self) -> dict[str, int]:
        """Return what the node told and the venue received, for the count."""
        told = self.at.node.names()
        return {
            "revocations": 1,
            "rejected": told.count("OrderRejected"),
            "cancels_tried": sum(
                method == "DELETE" or path == "order.cancel" for method, path in self.at.requests
            ),
            "logins": self.logins,
        }

    def lines(self, *words: str) -> list[str]:
        """Return the log's lines with all these words."""
        return [
            line for line in self.at.node.log().splitlines() if all(word in line for word in words)
        ]


@asynccontextmanager
async def session_with_subkey(**execution: Any) -> AsyncIterator[Subkey]:
    """Run a node that trades with a subkey."""
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        ring = venue._venue.authority.ring(account)
        ring.add_subkey(PUBLIC, "node", "active", [])
        desk = Desk()
        async with running_node(
            venue,
            account,
            private_key=SUBKEY,
            strategies=[desk],
            execution=execution,
            may_fail=True,
        ) as node:
            yield Subkey(Session(venue, account, node, desk), ring)


def names(at: Session, order: Order) -> list[str]:
    return at.node.story(order)


async def reject_many(at: Session, count: int) -> list[Order]:
    """Submit orders one after the other, each of which is rejected."""
    orders = []
    for _ in range(count):
        order = at.desk.limit(BUY, "0.1", "2400")
        await until(lambda order=order: order.is_closed, "it is rejected")
        orders.append(order)
    return orders


async def trades_again(at: Session) -> Order:
    """Submit orders until the venue takes one."""
    taken: list[Order] = []

    def is_taken() -> bool:
        if not taken or taken[-1].is_closed:
            taken.append(at.desk.limit(BUY, "0.1", "2400"))
        return taken[-1].is_open

    await until(is_taken, "an order is taken", 30.0)
    return taken[-1]


@pytest.mark.parametrize("transport", ["rest", "ws"])
async def test_e13_revoked_subkey_stops_trading_with_a_clear_error_and_few_logins(
    transport: str, count: Count
) -> None:
    """By WebSocket too, once its socket is gone: it is not authenticated again."""
    async with session_with_subkey(order_transport=transport) as key:
        at = key.at
        resting = await at.rest(BUY, "1", "2490")
        key.revoke()
        if transport == "ws":
            await at.venue.drop_connections()
            status = at.node.execution.stream_status
            await until(lambda: not status().connected, "the socket is gone")
        logins, creates = key.logins, at.sent("POST")
        orders = await reject_many(at, 30)

        assert {tuple(names(at, order)) for order in orders} == {
            ("OrderInitialized", "OrderSubmitted", "OrderRejected")
        }
        reasons = [at.node.events_of(order)[-1].reason for order in orders]
        assert all("INVALID_SUBKEY: subkey is not active" in reason for reason in reasons)
        # One order met the dead token, or the stream did; the others were told without asking the
        # venue, but for the logins that became due meanwhile.
        assert at.sent("POST") - creates <= 1
        assert at.sent("WS", "order.create") == (transport == "ws")  # the one that rests
        assert key.logins - logins <= 4
        (said,) = key.lines("[ERROR]", "refuses the key")
        assert "INVALID_SUBKEY" in said
        assert resting.is_open

        key.reinstate()
        await trades_again(at)
        assert key.lines("takes the key", "again")
        await at.ends_equal()
        count(**key.figures())


async def test_e13_cancels_are_tried_with_a_revoked_key_and_told_when_they_are_refused(
    count: Count,
) -> None:
    async with session_with_subkey() as key:
        at = key.at
        resting = await at.rest(BUY, "1", "2490")
        key.revoke()
        await reject_many(at, 1)
        logins, path = key.logins, f"/orders/{resting.venue_order_id}"
        for attempt in range(1, 11):
            at.desk.cancel_order(resting)
            await until(
                lambda attempt=attempt: at.node.names().count("OrderCancelRejected") == attempt,
                "the cancel is refused",
            )
        assert at.sent("DELETE", path) >= 10
        assert key.logins - logins <= 3
        assert resting.is_open

        key.reinstate()
        await trades_again(at)
        at.desk.cancel_order(resting)
        await until(lambda: resting.is_closed, "it is canceled")
        await at.ends_equal()
        count(**key.figures())


async def test_e13_cancels_reach_the_venue_by_the_socket_that_was_authenticated_before(
    count: Count,
) -> None:
    """The venue checks a socket's token once (PROTOCOL 2.5), and a cancel is not signed."""
    async with session_with_subkey(order_transport="ws") as key:
        at = key.at
        resting = await at.rest(BUY, "1", "2490")
        key.revoke()
        (order,) = await reject_many(at, 1)
        assert "INVALID_ORDER_SIGNATURE" in at.node.events_of(order)[-1].reason
        at.desk.cancel_order(resting)
        await until(lambda: resting.is_closed, "it is canceled")
        key.reinstate()
        await trades_again(at)
        await at.ends_equal()
        count(**key.figures())


async def test_e13_s4_stream_of_a_revoked_key_does_not_log_in_at_each_attempt(count: Count) -> None:
    """It tries to come back several times a second here; polling (S6) asks as well."""
    async with session_with_subkey(
        ws_fallback_after_attempts=2, ws_fallback_poll_interval_secs=0.1
    ) as key:
        at = key.at
        order = await at.rest(BUY, "1", "2490")
        key.revoke()
        logins = key.logins
        await at.venue.drop_connections()
        status = at.node.execution.stream_status
        await until(lambda: status().failed_attempts >= 15, "many attempts", 20.0)
        assert "INVALID_SUBKEY" in status().last_error
        assert key.logins - logins <= 4
        assert len(key.lines("[ERROR]", "refuses the key")) == 1

        at.rival.place("SELL", "0.4", "2490", "IOC")
        key.reinstate()
        await until(lambda: status().healthy, "the stream is back", 30.0)
        await until(lambda: str(order.filled_qty) == "0.4000", "the fill is told")
        await at.ends_equal()
        count(**key.figures())


@pytest.mark.parametrize("transport", ["rest", "ws"])
async def test_e13_tokens_that_the_venue_gives_and_never_takes_do_not_make_a_loop(
    transport: str, count: Count
) -> None:
    """401 for good: each login succeeds, and each request with its token is refused."""
    async with session_with_subkey(order_transport=transport) as key:
        at = key.at
        issuer = at.venue._venue.tokens
        await at.rest(BUY, "1", "2490")
        issuer.refuses_all = True
        if transport == "ws":
            await at.venue.drop_connections()
            status = at.node.execution.stream_status
            await until(lambda: not status().connected, "the socket is gone")
        logins, creates = key.logins, at.sent("POST")
        orders = await reject_many(at, 40)
        reasons = {at.node.events_of(order)[-1].reason for order in orders}
        # By REST or, where the stream met it first, by JSON-RPC (PROTOCOL 6.7).
        assert all("INVALID_TOKEN" in reason or "40111" in reason for reason in reasons), reasons
        assert 2 <= key.logins - logins <= 8
        assert at.sent("POST") - creates <= 10
        assert len(key.lines("[ERROR]", "refuses the key")) == 1

        issuer.refuses_all = False
        await trades_again(at)
        await at.ends_equal()
        count(**key.figures())


@pytest.mark.parametrize("transport", ["rest", "ws"])
async def test_e13_order_that_meets_the_revocation_on_its_way_is_rejected_once(
    transport: str, count: Count
) -> None:
    async with session_with_subkey(order_transport=transport) as key:
        at = key.at
        orders = [at.desk.limit(BUY, "0.1", "2400") for _ in range(5)]
        key.revoke()
        orders += [at.desk.limit(BUY, "0.1", "2400") for _ in range(5)]
        await until(lambda: all(o.is_open or o.is_closed for o in orders), "all are decided")
        key.reinstate()
        await trades_again(at)
        await at.ends_equal()
        count(**key.figures())
        for order in orders:
            assert names(at, order).count("OrderRejected") <= 1
