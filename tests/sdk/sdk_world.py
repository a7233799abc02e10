"""A local Paradex with one lively market, and the official SDK beside it."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.engine import model
from tests.sdk.sdk_link import DEADLINE_S
from tests.sdk.sdk_link import Sdk
from tests.sdk.sdk_link import SdkError
from tests.sdk.sdk_link import Session
from tests.sdk.sdk_link import sdk_process


LIVELY = "BTC-USD-PERP"
"""Makers and takers are here."""
QUIET = "ETH-USD-PERP"
"""Nobody is here, and the mark stands still."""

#: The vector of PROTOCOL 2.2.
ETHEREUM = {
    "l1_address": "0xEFC07321d3d6A8FA4961306c7bF555F0723f28c1",
    "l1_private_key": "0xaabbccddeeff00112233445566778899aabbccddeeff00112233445566778899",
}
_COUNTERPARTY = "0xc0ffee"
_numbers = itertools.count(0x51DE0001)


def new_key() -> str:
    """Return a Stark key that no other test has."""
    return hex(next(_numbers))


def order(**fields: Any) -> dict[str, Any]:
    """Return an order for the driver: the parameters of the SDK's ``Order``, amounts as text."""
    terms = {
        "market": QUIET,
        "order_type": "LIMIT",
        "order_side": "BUY",
        "size": "0.1",
        "limit_price": "2400",
    }
    return {"order": terms | fields}


def market_order(**fields: Any) -> dict[str, Any]:
    """Return a MARKET order, which has no price."""
    return order(order_type="MARKET", limit_price="0", **fields)


class World:
    """A venue and the SDK's process."""

    def __init__(self, paradex: LocalParadex, sdk: Sdk) -> None:
        self.paradex = paradex
        self.sdk = sdk
        self._names = (f"s{number}" for number in itertools.count(1))
        self.exchange = paradex.exchange
        self.exchange.register_account(_COUNTERPARTY, _COUNTERPARTY, announce=False)
        self.exchange.deposit(_COUNTERPARTY, Decimal(100_000_000))

    async def open(self, kind: str = "Paradex", **given: Any) -> Session:
        """Return a client of the SDK that knows where the venue is."""
        return await self.sdk.open(
            next(self._names),
            kind=kind,
            http_url=self.paradex.http_url,
            ws_url=self.paradex.ws_url,
            **given,
        )

    async def trader(self, *, sbe: bool = False, **given: Any) -> Session:
        """Return a client with a new account, which it onboarded itself."""
        keys = {"l1_address": ETHEREUM["l1_address"], "l2_private_key": new_key()}
        return await self.open(sbe=sbe, **(keys | given))

    def offer(self, side: str, size: str, price: str, market: str = QUIET) -> None:
        """Let somebody else's order rest at the venue."""
        self.exchange.place(
            model.OrderCommand(
                account=_COUNTERPARTY,
                market=market,
                side=model.Side(side),
                type=model.OrderType.LIMIT,
                size=Decimal(size),
                price=Decimal(price),
            )
        )

    async def eventually[T](self, probe: Callable[[], T | None]) -> T:
        """Wait until the venue's own state says so."""
        async with asyncio.timeout(DEADLINE_S):
            while not (found := probe()):  # noqa: ASYNC110 - the engine has no event to wait for
                await asyncio.sleep(0.005)
            return found

    async def settled(self, session: Session, order_id: str, status: str) -> model.Order:
        """Wait until the venue's order has a status, and no request pends."""

        def probe() -> model.Order | None:
            found = self.exchange.queries.order(session.about["address"], order_id)
            info = found.request_info
            pends = info is not None and info.status is model.RequestStatus.PENDING
            return found if found.status == status and not pends else None

        return await self.eventually(probe)

    async def departures(self, name: str, value: dict[str, Any]) -> dict[str, list[str]]:
        """
        Return which fields one of the SDK's models has more and less; it must accept the value.

        The SDK's models know no empty option type, which perpetuals and spots have (PROTOCOL
        9.2); the SDK itself does not apply them to answers.
        """
        filled = {k: v for k, v in value.items() if (k, v) != ("option_type", "")}
        found: dict[str, list[str]] = await self.sdk.call("validate", model=name, value=filled)
        return {
            what: [field for field in fields if field != "option_type"]
            for what, fields in found.items()
        }


@asynccontextmanager
async def sdk_world(**given: Any) -> AsyncIterator[World]:
    """Run a venue and a process of the SDK; ``given`` goes to the venue."""
    async with LocalParadex(driven=(LIVELY,), **given) as paradex, sdk_process() as sdk:
        yield World(paradex, sdk)


async def refused(call: Any) -> SdkError:
    """Return what the SDK raises."""
    try:
        value = await call
    except SdkError as error:
        return error
    raise AssertionError(f"was not refused: {value}")
