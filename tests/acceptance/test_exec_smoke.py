"""The framework's ExecTester on a node: what it does, the venue has done, and both agree."""

from decimal import Decimal

import pytest
from nautilus_trader.test_kit.strategies.tester_exec import ExecTester
from nautilus_trader.test_kit.strategies.tester_exec import ExecTesterConfig

from nautilus_paradex.simulator import AnswerOrder
from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import PrivateEncoding
from nautilus_paradex.simulator import SimulatorConfig
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import running_node
from tests.acceptance.node import until
from tests.acceptance.node import until_equal


def smoke_tester() -> ExecTester:
    return ExecTester(
        ExecTesterConfig(
            instrument_id=ETH,
            order_qty=Decimal("0.1"),
            open_position_on_start_qty=Decimal("0.1"),
            use_post_only=True,
            log_data=False,
        )
    )


async def smoke_run(config: SimulatorConfig) -> None:
    async with LocalParadex(seed=7, config=config, driven=[ETH.symbol.value]) as venue:
        account = venue.create_account(KEY)
        tester = smoke_tester()
        async with running_node(venue, account, strategies=[tester]) as node:
            cache = node.cache
            await until(
                lambda: len(cache.positions_open()) == 1 and len(cache.orders_open()) == 2,
                "a position and two resting orders",
            )
            (position,) = cache.positions_open()
            assert position.signed_decimal_qty() == Decimal("0.1")
            assert all(order.is_post_only for order in cache.orders_open())
            await until_equal(node, venue, account)

            tester.stop()
            await until(
                lambda: not cache.positions_open() and not cache.orders_open(),
                "no position and no open order after the stop",
            )
            await until_equal(node, venue, account)

            stories = sorted(node.story(order) for order in cache.orders())
            filled = ["OrderInitialized", "OrderSubmitted", "OrderAccepted", "OrderFilled"]
            canceled = ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]
            canceled += ["OrderPendingCancel", "OrderCanceled"]
            assert [s for s in stories if "OrderFilled" in s] == [filled, filled]
            assert len([s for s in stories if s[-1] == "OrderCanceled"]) == 2
            assert not {"OrderRejected", "OrderDenied"} & set(node.names())
            assert not venue.exchange.queries.open_orders(account)


@pytest.mark.parametrize("answer_order", list(AnswerOrder))
@pytest.mark.parametrize("fill_order", list(FillOrder))
async def test_exec_tester_ends_equal_whatever_comes_first(
    answer_order: AnswerOrder, fill_order: FillOrder
) -> None:
    """E3, E5: TC-E01, E12, E60, E80, E81, E82 for every order of answers and notifications."""
    await smoke_run(SimulatorConfig(answer_order=answer_order, fill_order=fill_order))


@pytest.mark.parametrize("sbe_max_version", [None, 0, 1])
async def test_exec_tester_ends_equal_in_every_encoding(sbe_max_version: int | None) -> None:
    """S1: private channels speak the encoding that was negotiated."""
    await smoke_run(SimulatorConfig(sbe_max_version=sbe_max_version))


async def test_exec_tester_ends_equal_with_json_private_channels_on_a_binary_socket() -> None:
    """S1: encoding is decided per frame."""
    await smoke_run(SimulatorConfig(private_encoding=PrivateEncoding.JSON))


async def test_log_names_the_warm_up_and_the_first_status_of_each_order() -> None:
    """E15, and no secret in any line."""
    async with LocalParadex(seed=7, driven=[ETH.symbol.value]) as venue:
        account = venue.create_account(KEY)
        async with running_node(venue, account, strategies=[smoke_tester()]) as node:
            await until(lambda: len(node.cache.orders_open()) == 2)
            ids = [order.venue_order_id.value for order in node.cache.orders()]
            await until(lambda: all(f"id={order_id}" in node.log() for order_id in ids))
            log = node.log()
        assert log.count("[INIT] Paradex HTTP connection pool warmed up") == 1
        for order_id in ids:
            assert log.count(f"[ORDER] Paradex order confirmed via WS: id={order_id}, status=") == 1
        assert KEY.removeprefix("0x") not in log
