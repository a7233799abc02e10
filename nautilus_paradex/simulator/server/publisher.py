"""What the venue sends by the clock: books, statistics, funding."""

import logging
from collections.abc import Callable
from collections.abc import Sequence
from decimal import Decimal

from nautilus_paradex.simulator.clock import loop_s
from nautilus_paradex.simulator.clock import pause
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server import wire_json
from nautilus_paradex.simulator.server import wire_json_public
from nautilus_paradex.simulator.server import wire_sbe
from nautilus_paradex.simulator.server.books import BookFeeds
from nautilus_paradex.simulator.server.channel_names import Feed
from nautilus_paradex.simulator.server.channels import Hub
from nautilus_paradex.simulator.server.channels import Route
from nautilus_paradex.simulator.server.messages import Message
from nautilus_paradex.simulator.server.venue import Venue


_log = logging.getLogger(__name__)
#: Hourly rates are small: JSON has the 12 places that SBE has (so the schema's comment).
_RATE = Decimal("0.000000000001")

type Job = tuple[float, Callable[[], None]]
"""How often, milliseconds; and what."""


class Publisher:
    """
    Keeps the engine's time going and sends the periodic channels.

    Parameters
    ----------
    venue : Venue
        The running venue.
    hub : Hub
        Knows who subscribed.
    books : BookFeeds
        Serves the order books.
    jobs : Sequence[Job], optional
        What else goes by the clock; done first.

    """

    def __init__(self, venue: Venue, hub: Hub, books: BookFeeds, jobs: Sequence[Job] = ()) -> None:
        self._venue = venue
        self._hub = hub
        self._books = books
        # Scoped subscriptions choose their markets by themselves.
        self.scopes: dict[object, set[str]] = {}
        config = venue.config
        self._tick_s = config.tick_ms / 1000
        self._jobs: list[Job] = [
            *jobs,
            (100.0, venue.exchange.advance),
            (config.summary_interval_ms, self._send_summaries),
            (config.funding_interval_ms, self._send_funding),
            (config.comparison_interval_ms, self._send_comparison),
        ]

    async def run(self) -> None:
        """Work until cancelled."""
        due = [0.0] * len(self._jobs)
        while True:
            now_ms = loop_s() * 1000
            try:
                for index, (interval_ms, job) in enumerate(self._jobs):
                    if now_ms >= due[index]:
                        due[index] = now_ms + interval_ms
                        job()
                self._books.tick(now_ms)
            except Exception:
                # A market's failure must not silence the others.
                _log.exception("A periodic job failed")
            await pause(self._tick_s)

    def _send_summaries(self) -> None:
        if not self._hub.has(Feed.SUMMARY):
            return
        everybody = self._hub.listeners(Feed.SUMMARY)
        for spec in self._venue.exchange.queries.markets():
            market = spec.symbol
            listeners = everybody + self._hub.listeners(Feed.SUMMARY, market)
            chosen = [
                (listener, subscription)
                for listener, subscription in listeners
                if not subscription.scoped or market in self.scopes.get(listener, ())
            ]
            if not chosen:
                continue
            message = self.summary_message(market)
            for listener, subscription in chosen:
                version = listener.version_for(subscription)
                listener.send(subscription.name, message.frame(subscription.name, version))

    def summary_message(self, market: str) -> Message:
        """Return the statistics of a market."""
        summary = self._venue.exchange.queries.market_summary(market)
        now_us = self._venue.clock_us()
        return Message(
            lambda: wire_json_public.summary(summary),
            lambda version: wire_sbe.summary(summary, version, now_us),
        )

    def _send_funding(self) -> None:
        if not self._hub.has(Feed.FUNDING):
            return
        for spec in self._funded():
            data = self._venue.exchange.queries.funding(spec.symbol)
            self._hub.publish(
                self._funding_message(data),
                Route(Feed.FUNDING),
                Route(Feed.FUNDING, market=spec.symbol),
            )

    def _funding_message(self, data: model.FundingData) -> Message:
        now_us = self._venue.clock_us()
        return Message(
            lambda: wire_json_public.funding_data(data),
            lambda version: wire_sbe.funding_data(data, version, now_us),
        )

    def _send_comparison(self) -> None:
        if not self._hub.has(Feed.COMPARISON):
            return
        for spec in self._funded():
            data = self._venue.exchange.queries.funding(spec.symbol)
            hourly = data.funding_rate / (data.funding_period_hours or 1)
            self._hub.publish(self._comparison_message(spec.symbol, hourly), Route(Feed.COMPARISON))

    def _comparison_message(self, market: str, hourly: Decimal) -> Message:
        now_us = self._venue.clock_us()
        return Message(
            # The schema's comments name the JSON field ``symbol``; no sample shows it.
            lambda: {
                "symbol": market,
                "market": market,
                "source": "PARADEX",
                "asset_kind": "PERP",
                "hourly_funding_rate": wire_json.text(hourly.quantize(_RATE)),
                "last_updated_at": now_us // 1000,
            },
            lambda version: wire_sbe.funding_comparison(market, "PARADEX", hourly, version, now_us),
        )

    def _funded(self) -> list[model.MarketSpec]:
        kinds = (model.AssetKind.PERP, model.AssetKind.PERP_OPTION)
        markets = self._venue.exchange.queries.markets()
        return [spec for spec in markets if spec.asset_kind in kinds]
