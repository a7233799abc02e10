"""``python -m nautilus_paradex.simulator.firehose``: the firehose as a process of its own."""

import argparse
import asyncio
import json
import os
import signal
import sys

import uvloop

from nautilus_paradex.simulator.firehose.listing import FirehoseListing
from nautilus_paradex.simulator.firehose.server import Firehose
from nautilus_paradex.simulator.firehose.server import FirehoseSettings


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m nautilus_paradex.simulator.firehose",
        description="A Paradex that only speaks. Prints its URLs as one line of JSON when ready.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--rate", type=float, default=50_000.0, help="messages a second")
    parser.add_argument("--perpetuals", type=int, default=300)
    parser.add_argument("--options", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--held", action="store_true", help="wait for POST /flow/start")
    parser.add_argument("--core", type=int, help="the processor to run on")
    return parser.parse_args(argv)


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT, then say what was sent."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    settings = FirehoseSettings(
        rate=arguments.rate,
        listing=FirehoseListing(perpetuals=arguments.perpetuals, options=arguments.options),
        seed=arguments.seed,
        port=arguments.port,
        held=arguments.held,
    )
    async with Firehose(settings) as firehose:
        _say({"http_url": firehose.http_url, "ws_url": firehose.ws_url})
        await stopped.wait()
        await firehose.stop_flow()
        counts = firehose.counts()
        _say(
            {
                "messages": sum(counts.sent.values()),
                "rate": round(counts.pace.achieved, 1),
                "asked_rate": counts.pace.rate,
                "slow_readers": counts.slow_readers,
            }
        )


def _say(row: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def main(argv: list[str] | None = None) -> None:
    """Run the firehose."""
    arguments = _arguments(argv)
    if arguments.core is not None:
        os.sched_setaffinity(0, {arguments.core})
    uvloop.run(serve(arguments))


if __name__ == "__main__":
    main()
