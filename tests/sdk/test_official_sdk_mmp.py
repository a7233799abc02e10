"""The official SDK (paradex-py 0.8.2) uses market-maker protection of the local Paradex."""

import pytest

from tests.sdk.sdk_link import needs_sdk
from tests.sdk.sdk_world import QUIET
from tests.sdk.sdk_world import World
from tests.sdk.sdk_world import order
from tests.sdk.sdk_world import refused


pytestmark = [pytest.mark.sdk, needs_sdk, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("sbe", [False, True], ids=["json", "sbe"])
async def test_the_sdk_sets_a_protection_and_hears_of_its_trip_and_end(w: World, sbe: bool):
    trader = await w.trader(sbe=sbe)
    account = trader.about["address"]
    w.exchange.protection.allow(account)
    await trader.connect()
    for name, channel in (("MMP", "mmp"), ("ORDERS", "orders.ALL")):
        await trader.subscribe(name, {"market": "ALL"} if name == "ORDERS" else None)
        await trader.acknowledged(channel)
    stored = await trader.rest("set_mmp_config", "ETH", 60_000, 0, "0.5", protect_block_trades=True)
    assert (stored["size_limit"], stored["delta_limit"]) == ("0.5", "0")
    assert (stored["protect_block_trades"], stored["is_frozen"]) == (True, None)
    changed = await trader.message("mmp")
    assert (changed["kind"], changed["config"]["removed"]) == ("CONFIG_UPDATED", False)

    placed = await trader.rest("submit_order", order(limit_price="2490", size="1", mmp=True))
    await w.settled(trader, placed["id"], "OPEN")
    w.offer("SELL", "0.6", "2490")
    tripped = await trader.message("mmp", lambda data: data["kind"] == "TRIGGERED")
    assert (tripped["trip_reason"], tripped["trigger_market"]) == ("SIZE", QUIET)
    assert tripped["window_size"] == "0.6"
    closed = await trader.message("orders.ALL", lambda data: data["status"] == "CLOSED")
    assert (closed["cancel_reason"], closed["flags"]) == ("MMP_TRIGGERED", ["MMP"])
    configs = await trader.rest("fetch_mmp_configs", {"base_asset": "ETH"})
    (row,) = configs["results"]
    assert (configs["enabled"], row["is_frozen"]) == (True, True)
    assert row["frozen_until"] == tripped["frozen_until"] == 0
    (freeze,) = w.exchange._core.protections.of(account)
    # Whatever the time is: as if it had begun later, and then before.
    freeze.frozen_at_us += 3_600_000_000
    error = await refused(trader.rest("reset_mmp", "ETH"))
    assert error.text.startswith("ApiError(error='MMP_MIN_FREEZE_NOT_ELAPSED'")
    freeze.frozen_at_us = 0
    reset = await trader.rest("reset_mmp")
    assert [row["base_asset"] for row in reset["results"]] == ["ETH"]
    assert (await trader.message("mmp", lambda data: data["kind"] == "RESET"))["frozen_until"] == 0
    await trader.rest("delete_mmp_config", "ETH")
    gone = await trader.message(
        "mmp", lambda data: data["kind"] == "CONFIG_UPDATED" and data["config"]["removed"]
    )
    assert gone["base_asset"] == "ETH"
    assert (await trader.rest("fetch_mmp_configs"))["results"] == []
    await trader.close()
