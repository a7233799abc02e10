"""Maker and taker rates of the account on its instruments (PROTOCOL 8.2, 9.3, rule E16)."""

from decimal import Decimal

from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Money

from nautilus_paradex import PARADEX
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import running_node
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until_equal
from tests.acceptance.several_accounts import MM
from tests.acceptance.several_accounts import node_with_accounts
from tests.acceptance.state_of_account import filled


MM_KEY = "0x3a9e61fc9429d05c9723863c902ec8c82bc586195aef9fae0fdb53d6811586c"
OWN = model.FeeRates(
    maker_rate=Decimal("-0.00001"),
    taker_rate=Decimal("0.00021"),
    spot_maker_rate=Decimal("0.00012"),
    spot_taker_rate=Decimal("0.00022"),
    dated_option_maker_rate=Decimal("0.00013"),
    dated_option_taker_rate=Decimal("0.00023"),
    perp_option_maker_rate=Decimal("0.00014"),
    perp_option_taker_rate=Decimal("0.00024"),
)


async def test_instruments_of_each_kind_have_the_accounts_own_rates() -> None:
    """GET /account/info: perpetuals, spot, dated options and perpetual options each have theirs."""
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        venue.exchange.set_fees(account, OWN)
        kinds = {spec.asset_kind: spec.symbol for spec in venue.exchange.queries.markets()}
        ids = {kind: InstrumentId.from_str(f"{name}.PARADEX") for kind, name in kinds.items()}
        async with running_node(venue, account, instruments=ids.values()) as node:
            rates = {}
            for kind, instrument_id in ids.items():
                instrument = node.cache.instrument(instrument_id)
                rates[kind.value] = (instrument.maker_fee, instrument.taker_fee)
            assert rates == {
                "PERP": (Decimal("-0.00001"), Decimal("0.00021")),
                "SPOT": (Decimal("0.00012"), Decimal("0.00022")),
                "OPTION": (Decimal("0.00013"), Decimal("0.00023")),
                "PERP_OPTION": (Decimal("0.00014"), Decimal("0.00024")),
            }


async def test_an_interactive_token_has_the_interactive_rates() -> None:
    """PROTOCOL 8.2: retail orders pay the market's interactive fees, whatever the account's own."""
    async with trading_floor(
        config=SimulatorConfig(speed_bump_ms=1.0), execution={"token_usage": "interactive"}
    ) as floor:
        instrument = floor.desk.instrument
        assert (instrument.maker_fee, instrument.taker_fee) == (0, 0)
        event = await filled(floor.desk.market(OrderSide.BUY, "0.1"))
        assert event.commission == Money(0, USDC)
        await until_equal(floor.node, floor.venue, floor.account)


async def test_e16_inferred_fills_are_charged_by_the_accounts_own_rates() -> None:
    """A second account of the node has other rates than the instruments in the cache say."""
    async with LocalParadex(market=False) as venue:
        first, second = venue.create_account(KEY), venue.create_account(MM_KEY)
        venue.exchange.set_fees(first, OWN)
        accounts = {PARADEX: (first, KEY), MM: (second, MM_KEY)}
        async with node_with_accounts(venue, accounts) as node:
            instrument = node.cache.instrument(ETH)
            quantity, price = instrument.make_qty(2), instrument.make_price(2500)

            def commission(name: str, side: LiquiditySide) -> Decimal:
                client = node.client(name)
                return client.calculate_commission(instrument, quantity, price, side).as_decimal()

            assert commission(PARADEX, LiquiditySide.TAKER) == Decimal("1.05")
            assert commission(PARADEX, LiquiditySide.MAKER) == Decimal("-0.05")
            standard = model.FeeRates()
            assert commission(MM, LiquiditySide.TAKER) == 5000 * standard.taker_rate
            assert commission(MM, LiquiditySide.MAKER) == 5000 * standard.maker_rate
