"""Puts the parts together that algo orders need."""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.model.identifiers import AccountId

from nautilus_paradex.execution.algo_commands import AlgoCommands
from nautilus_paradex.execution.algo_reading import AlgoReader
from nautilus_paradex.execution.algo_snapshots import AlgoSnapshots
from nautilus_paradex.execution.algos import AlgoOrders
from nautilus_paradex.execution.following import OrderFollower
from nautilus_paradex.execution.reports import ReportGenerator
from nautilus_paradex.execution.telling import OrderTeller
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.orders import OrderRegistry
from nautilus_paradex.protocol.orders.algo_book import AlgoBook


class Algos(msgspec.Struct, frozen=True):
    """What the room needs of algo orders."""

    orders: AlgoOrders
    """Takes their commands; give it the signer before the first one."""
    snapshots: AlgoSnapshots
    """With `orders`, for the reconciler's `use_algos`."""


def build_algos(
    *,
    account_id: AccountId,
    cache: Cache,
    registry: OrderRegistry,
    follower: OrderFollower,
    teller: OrderTeller,
    reports: ReportGenerator,
    rest: ParadexRest,
    timing: Timing,
    spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
    log: Logger,
    on_refusal: Callable[[ParadexError], None] | None = None,
) -> Algos:
    """
    Return the algo orders of an account, which follower and reports know from now on.

    What is left to do: ``reconciler.use_algos(algos.orders, algos.snapshots)``, and
    ``algos.orders.use_signer(signer)`` once there is a key. `on_refusal` is told of the refusals
    of creates: they may speak of the exchange's state (E14).
    """
    book = AlgoBook()
    reader = AlgoReader(book, rest, timing)
    commands = AlgoCommands(
        book=book,
        reader=reader,
        registry=registry,
        follower=follower,
        teller=teller,
        rest=rest,
        timing=timing,
        on_refusal=on_refusal,
        log=log,
    )
    algos = AlgoOrders(
        book=book,
        reader=reader,
        commands=commands,
        registry=registry,
        follower=follower,
        rest=rest,
        timing=timing,
        spawn=spawn,
        log=log,
    )
    snapshots = AlgoSnapshots(
        book=book,
        reader=reader,
        algos=algos,
        account_id=account_id,
        cache=cache,
        rest=rest,
        timing=timing,
        log=log,
    )
    follower.use_algos(algos)
    reports.use_algos(algos, snapshots)
    return Algos(algos, snapshots)
