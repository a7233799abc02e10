"""The parts that keep the framework's account in step with the venue's, put together."""

from typing import NamedTuple

from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.execution.account import AccountKeeper
from nautilus_paradex.execution.assembly import Room
from nautilus_paradex.execution.assembly import Surroundings
from nautilus_paradex.execution.precision import SizePrecision
from nautilus_paradex.execution.proof import AccountProof
from nautilus_paradex.execution.proof import StreamMemory
from nautilus_paradex.execution.recovery import Recovery
from nautilus_paradex.network.fallback import Fallback
from nautilus_paradex.providers import ParadexInstrumentProvider


class Keeping(NamedTuple):
    """What keeps the account in step."""

    account: AccountKeeper
    recovery: Recovery
    memory: StreamMemory
    fallback: Fallback


def keep_in_step(
    config: ParadexExecClientConfig,
    around: Surroundings,
    room: Room,
    provider: ParadexInstrumentProvider,
    account: AccountKeeper,
) -> Keeping:
    """Return what keeps a room's account in step; its reconciler proves each reading (S7)."""
    timing = around.link.timing
    recovery = Recovery(
        account=account,
        reconciler=room.reconciler,
        contingencies=room.contingencies,
        venue_ms=lambda: around.link.rest.venue_ms,
        timing=timing,
        spawn=around.spawn,
        log=around.log,
    )
    memory = StreamMemory(timing)
    proof = AccountProof(
        account_id=around.client.account_id,
        cache=around.cache,
        registry=room.registry,
        memory=memory,
        log=around.log,
    )
    proof.balances = lambda: account.differences
    room.reconciler.on_read = proof.check
    room.reconciler.fit = SizePrecision(provider, around.cache, around.log).fit
    fallback = Fallback(
        name="account",
        after_attempts=config.ws_fallback_after_attempts,
        interval_secs=config.ws_fallback_poll_interval_secs,
        poll=recovery.poll,
        timing=timing,
        spawn=around.spawn,
        log=around.log,
    )
    return Keeping(account=account, recovery=recovery, memory=memory, fallback=fallback)
