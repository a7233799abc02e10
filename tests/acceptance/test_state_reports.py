"""Reports: complete, paged, filtered, and the same at every start (rules E9, E10)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from typing import NamedTuple

import pandas as pd
import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import GenerateFillReports
from nautilus_trader.execution.messages import GenerateOrderStatusReport
from nautilus_trader.execution.messages import GenerateOrderStatusReports
from nautilus_trader.execution.messages import GeneratePositionStatusReports
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.enums import TriggerType
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import VenueOrderId

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.paradex import wall_clock_us
from nautilus_paradex.simulator.server.config import RateLimits
from tests.acceptance.node import BTC
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import RunningNode
from tests.acceptance.node import Trader
from tests.acceptance.node import differences
from tests.acceptance.node import running_node
from tests.acceptance.node import until
from tests.acceptance.node import until_equal


MARKET = ETH.symbol.value
HOUR_US = 3_600_000_000
SOL = InstrumentId.from_str("SOL-USD-PERP.PARADEX")


class Past(NamedTuple):
    """An account that has traded for hours, in two markets and in every way."""

    venue: LocalParadex
    account: str
    own: Trader
    maker: Trader
    old_fill_us: int
    """When everything older than two hours had happened, UNIX microseconds."""


def conditional(
    account: str,
    kind: model.OrderType,
    trigger: str,
    *,
    price: str | None = None,
    flags: tuple[model.OrderFlag, ...] = (),
) -> model.OrderCommand:
    """Return an order to sell that waits for the mark price."""
    return model.OrderCommand(
        account=account,
        market=MARKET,
        side=model.Side.SELL,
        type=kind,
        size=Decimal("0.2"),
        price=None if price is None else Decimal(price),
        trigger_price=Decimal(trigger),
        flags=flags,
    )


@asynccontextmanager
async def a_past() -> AsyncIterator[Past]:
    """Serve a venue whose account has a past of four hours."""
    behind_us = [4 * HOUR_US]
    config = SimulatorConfig(limits=RateLimits(enforced=False))
    async with LocalParadex(
        market=False, config=config, clock_us=lambda: wall_clock_us() - behind_us[0]
    ) as venue:
        exchange = venue.exchange
        account = venue.create_account(KEY)
        own, maker = Trader(venue, account), Trader(venue)
        maker.place("BUY", "50", "2490.00")
        maker.place("SELL", "50", "2510.00")
        other, solana = (
            Trader(venue, account, "SOL-USD-PERP"),
            Trader(venue, maker.account, "SOL-USD-PERP"),
        )
        mark = exchange.queries.market_summary("SOL-USD-PERP").mark_price
        solana.place("SELL", "5", str(mark))
        own.place("BUY", "1", "2510.00", "IOC", client_id="O-OLD-1")
        other.place("BUY", "2", str(mark), "IOC", client_id="O-SOL-1")
        own.place("BUY", "0.3", "2480.00", client_id="O-OLD-RESTING")
        exchange.block_trade(MARKET, account, maker.account, Decimal("0.5"), Decimal("2495.5"))
        old_fill_us = wall_clock_us() - behind_us[0]
        behind_us[0] = HOUR_US
        own.place("SELL", "0.4", "2490.00", "IOC")
        exchange.unwind_transfer(MARKET, account, maker.account, Decimal("0.1"), Decimal(2500))
        exchange.deleverage(MARKET, account, maker.account, Decimal("0.1"), Decimal(2505))
        own.cancel(own.place("BUY", "0.1", "2400.00", client_id="O-CANCELED"))
        own.place("BUY", "0.1", "2515.00", "POST_ONLY", client_id="O-CROSSED")
        partly = own.place("BUY", "0.5", "2495.00", client_id="O-PARTLY")
        maker.place("SELL", "0.2", "2495.00", "IOC")
        assert partly.status is model.OrderStatus.OPEN
        reduce_only = (model.OrderFlag.REDUCE_ONLY,)
        kinds = model.OrderType
        exchange.place(conditional(account, kinds.STOP_MARKET, "2300"))
        exchange.place(conditional(account, kinds.STOP_LIMIT, "2310", price="2305"))
        for kind, trigger, price in (
            (kinds.STOP_LOSS_MARKET, "2320", None),
            (kinds.STOP_LOSS_LIMIT, "2330", "2325"),
            (kinds.TAKE_PROFIT_MARKET, "2700", None),
            (kinds.TAKE_PROFIT_LIMIT, "2710", "2715"),
        ):
            exchange.place(conditional(account, kind, trigger, price=price, flags=reduce_only))
        behind_us[0] = 0
        yield Past(venue, account, own, maker, old_fill_us)


def common() -> dict[str, Any]:
    return {"command_id": UUID4(), "ts_init": 0}


async def orders(
    node: RunningNode,
    instrument_id: InstrumentId | None = None,
    *,
    start: pd.Timestamp | None = None,
    end: pd.Timestamp | None = None,
    open_only: bool = False,
) -> list[OrderStatusReport]:
    command = GenerateOrderStatusReports(instrument_id, start, end, open_only, **common())
    return await node.execution.generate_order_status_reports(command)


async def fills(
    node: RunningNode,
    instrument_id: InstrumentId | None = None,
    *,
    venue_order_id: VenueOrderId | None = None,
    start: pd.Timestamp | None = None,
    end: pd.Timestamp | None = None,
) -> list[FillReport]:
    command = GenerateFillReports(instrument_id, venue_order_id, start, end, **common())
    return await node.execution.generate_fill_reports(command)


async def positions(
    node: RunningNode, instrument_id: InstrumentId | None = None
) -> list[PositionStatusReport]:
    command = GeneratePositionStatusReports(instrument_id, None, None, **common())
    return await node.execution.generate_position_status_reports(command)


def moment(us: int) -> pd.Timestamp:
    return pd.Timestamp(us, unit="us", tz="UTC")


def without_ids(
    reports: list[Any], *, flat: tuple[str, ...] = ("report_id", "ts_init")
) -> list[dict[str, Any]]:
    """Return reports as plain values, without what differs by its nature."""
    rows = []
    for report in reports:
        row = report.to_dict()
        rows.append({key: value for key, value in row.items() if key not in flat})
    return rows


# -- THE SAME AT EVERY START -----------------------------------------------------------------------


async def test_e10_two_starts_report_the_same_in_the_same_order() -> None:
    """All fields of orders, fills and positions but the reports' own ids and times."""
    runs = []
    async with a_past() as past:
        for _ in range(2):
            async with running_node(past.venue, past.account, instruments=[ETH, SOL]) as node:
                assert not differences(node, past.venue, past.account)
                found = (await orders(node), await fills(node), await positions(node))
                runs.append([without_ids(reports) for reports in found])
    first, second = runs
    assert [len(rows) for rows in first] == [13, 7, 2]
    assert first == second


async def test_e10_every_start_restores_the_same_orders_and_positions() -> None:
    """What the framework holds after two starts is the same, but for ids that it makes up."""
    held = []
    async with a_past() as past:
        for _ in range(2):
            async with running_node(past.venue, past.account, instruments=[ETH, SOL]) as node:
                # What was filled first was applied first: prices come out as at the venue.
                assert "avg_px mismatch" not in node.log()
                held.append(
                    [
                        sorted(
                            (str(o.venue_order_id), o.status_string(), str(o.filled_qty))
                            for o in node.cache.orders()
                        ),
                        sorted(
                            (p.id.value, str(p.quantity), str(p.avg_px_open), str(p.realized_pnl))
                            for p in node.cache.positions()
                        ),
                        # What is free moves with the funding that a position accrues.
                        node.cache.account(node.account_id).balances_total(),
                    ]
                )
    assert held[0] == held[1]


# -- FILTERS ---------------------------------------------------------------------------------------


async def test_reports_honour_their_filters() -> None:
    """E10, P8: instrument, time range, venue order id; open orders know no time range."""
    async with (
        a_past() as past,
        running_node(past.venue, past.account, instruments=[ETH, SOL]) as node,
    ):
        everything = await orders(node)
        open_ones = await orders(node, open_only=True)
        names = {str(report.client_order_id) for report in open_ones}
        assert {"O-OLD-RESTING", "O-PARTLY"} <= names
        assert len(open_ones) == 8
        assert len(await orders(node, SOL)) == 1
        assert len(await orders(node, ETH)) == len(everything) - 1
        since = moment(past.old_fill_us + 60_000_000)
        recent = await orders(node, start=since)
        assert {str(r.client_order_id) for r in recent} >= names, "open, whatever their age"
        assert "O-OLD-1" not in {str(r.client_order_id) for r in recent}
        until_then = await orders(node, end=since)
        assert "O-OLD-1" in {str(r.client_order_id) for r in until_then}
        assert "O-CANCELED" not in {str(r.client_order_id) for r in until_then}

        all_fills = await fills(node)
        assert all_fills == sorted(all_fills, key=lambda fill: fill.ts_event)
        assert len(await fills(node, SOL)) == 1
        old, new = await fills(node, end=since), await fills(node, start=since)
        assert len(old) == 3
        assert [f.trade_id for f in old + new] == [f.trade_id for f in all_fills]
        partly = next(r for r in open_ones if str(r.client_order_id) == "O-PARTLY")
        (own,) = await fills(node, venue_order_id=partly.venue_order_id)
        assert own.last_qty == partly.filled_qty
        (block,) = [f for f in all_fills if f.venue_order_id.value.startswith("BLOCK_TRADE-")]
        assert [f.trade_id for f in await fills(node, venue_order_id=block.venue_order_id)] == [
            block.trade_id
        ]

        assert {r.instrument_id for r in await positions(node)} == {ETH, SOL}
        (only,) = await positions(node, SOL)
        assert only.signed_decimal_qty == 2
        assert not await positions(node, BTC), "an instrument that is not loaded"


async def test_untriggered_orders_are_reported_with_their_triggers() -> None:
    """E10, P11: plain stops and position-linked kinds, as the framework's types."""
    async with (
        a_past() as past,
        running_node(past.venue, past.account, instruments=[ETH, SOL]) as node,
    ):
        waiting = [r for r in await orders(node, open_only=True) if r.trigger_price is not None]
        assert sorted(
            (
                int(r.trigger_price),
                OrderType(r.order_type).name,
                None if r.price is None else int(r.price),
                r.reduce_only,
            )
            for r in waiting
        ) == [
            (2300, "STOP_MARKET", None, False),
            (2310, "STOP_LIMIT", 2305, False),
            (2320, "STOP_MARKET", None, True),
            (2330, "STOP_LIMIT", 2325, True),
            (2700, "MARKET_IF_TOUCHED", None, True),
            (2710, "LIMIT_IF_TOUCHED", 2715, True),
        ]
        assert {r.trigger_type for r in waiting} == {TriggerType.MARK_PRICE}
        assert {r.order_status for r in waiting} == {OrderStatus.ACCEPTED}


# -- PAGES -----------------------------------------------------------------------------------------


async def test_a_history_of_many_pages_is_read_whole_while_trading_goes_on() -> None:
    """E10: rows that come in between two pages hide none and count once."""
    config = SimulatorConfig(limits=RateLimits(enforced=False))
    async with LocalParadex(market=False, config=config) as venue:
        account, maker = venue.create_account(KEY), Trader(venue)
        own = Trader(venue, account)
        maker.place("SELL", "100", "2510.00")
        maker.place("BUY", "100", "2490.00")
        for step in range(260):
            own.place("BUY" if step % 2 else "SELL", "0.01", client_id=f"O-{step}")
        async with running_node(venue, account) as node:
            assert not differences(node, venue, account)
            assert len(await fills(node)) == 260
            asked = node.execution.generate_fill_reports(
                GenerateFillReports(ETH, None, None, None, **common())
            )
            for _ in range(5):
                own.place("BUY", "0.01")
            read = await asked
            assert len({f.trade_id for f in read}) == len(read) == 265
            await until_equal(node, venue, account)


# -- THE OUTSIDE WORLD -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["liquidation", "block", "transfer", "deleverage", "settlement"])
async def test_e9_the_order_report_comes_before_its_fill(kind: str) -> None:
    """A fill of an order that the framework does not know would be dropped."""
    async with LocalParadex(market=False) as venue:
        account, maker = venue.create_account(KEY, usdc="2000"), Trader(venue)
        maker.place("BUY", "5", "2490.00")
        maker.place("SELL", "5", "2510.00")
        Trader(venue, account).place("BUY", "0.2", "2510.00", "IOC")
        async with running_node(venue, account) as node:
            told: list[tuple[str, str]] = []
            node.node.kernel.msgbus.subscribe(
                topic=f"reports.execution.{ETH.venue}.{ETH.symbol}",
                handler=lambda report: told.append(
                    (type(report).__name__, report.venue_order_id.value)
                ),
            )
            happen(venue, kind, account, maker.account)
            await until_equal(node, venue, account)
            newest = venue.exchange.queries.fills(account)[0]
            name = f"{newest.fill_type}-{newest.id}"
            await until(lambda: ("FillReport", name) in told, lambda: told)
            mine = [report for report, order_id in told if order_id == name]
            assert mine[0] == "OrderStatusReport"
            assert mine.count("FillReport") == 1
            order = node.cache.order(node.cache.client_order_id(VenueOrderId(name)))
            assert order.status == OrderStatus.FILLED
            await until_equal(node, venue, account)


def happen(venue: LocalParadex, kind: str, account: str, other: str) -> None:
    exchange = venue.exchange
    match kind:
        case "liquidation":
            exchange.liquidate(account)
        case "block":
            exchange.block_trade(MARKET, account, other, Decimal("0.7"), Decimal("2480.5"))
        case "transfer":
            exchange.unwind_transfer(MARKET, account, other, Decimal("0.1"), Decimal(2500))
        case "deleverage":
            exchange.deleverage(MARKET, account, other, Decimal("0.1"), Decimal(2505))
        case "settlement":
            exchange.settle_market(MARKET, Decimal(2450))


async def test_an_old_order_that_others_ended_while_the_stream_was_away_is_ended() -> None:
    """E10: an external order from hours ago is in no list of what is open or new."""
    behind_us = [2 * HOUR_US]
    async with LocalParadex(market=False, clock_us=lambda: wall_clock_us() - behind_us[0]) as venue:
        account = venue.create_account(KEY)
        own = Trader(venue, account)
        old = own.place("BUY", "0.3", "2300.00")
        behind_us[0] = 0
        async with running_node(venue, account) as node:
            (order,) = node.cache.orders_open()
            await venue.stop_serving()
            own.cancel(old)
            await venue.resume_serving()
            await until(lambda: order.status == OrderStatus.CANCELED, order)
            await until_equal(node, venue, account)


async def test_one_report_of_an_order_answers_for_that_order() -> None:
    """E16: by either id; None only where the venue knows neither."""
    async with a_past() as past, running_node(past.venue, past.account) as node:

        async def ask(
            client_id: str | None, order_id: str | None = None
        ) -> OrderStatusReport | None:
            return await node.execution.generate_order_status_report(
                GenerateOrderStatusReport(
                    ETH,
                    None if client_id is None else ClientOrderId(client_id),
                    None if order_id is None else VenueOrderId(order_id),
                    **common(),
                )
            )

        closed = await ask("O-OLD-1")
        assert closed.order_status == OrderStatus.FILLED
        assert closed.avg_px == Decimal(2510)
        by_venue_id = await ask(None, closed.venue_order_id.value)
        assert by_venue_id.client_order_id == closed.client_order_id
        partly = await ask("O-PARTLY")
        assert partly.order_status == OrderStatus.PARTIALLY_FILLED
        rejected = await ask("O-CROSSED")
        assert rejected.order_status == OrderStatus.REJECTED
        assert rejected.cancel_reason == "POST_ONLY_WOULD_CROSS"
        assert await ask("O-NEVER") is None
        assert await ask(None, "1" * 28) is None
