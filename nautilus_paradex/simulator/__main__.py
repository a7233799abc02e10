"""``python -m nautilus_paradex.simulator``: a local Paradex as a process of its own."""

import argparse
import asyncio
import json
import logging
import signal
import sys
from typing import Any
from typing import NamedTuple

import msgspec

from nautilus_paradex.simulator.paradex import LocalParadex
from nautilus_paradex.simulator.server.config import SimulatorConfig


class Account(NamedTuple):
    """An account of the command line; an empty address is derived from the key."""

    address: str
    public_key: str
    usdc: str


def parse_account(text: str) -> Account:
    """
    Return the account of ``address:public_key[:usdc]``; the address may be empty.

    Raises
    ------
    argparse.ArgumentTypeError
        For anything else.

    """
    parts = text.split(":")
    if len(parts) not in (2, 3) or not parts[1]:
        raise argparse.ArgumentTypeError("expected address:public_key[:usdc]")
    return Account(parts[0], parts[1], parts[2] if len(parts) == 3 else "100000")


def parse_config(text: str) -> SimulatorConfig:
    """
    Return the settings of a JSON object, or of the file that it names with ``@``.

    Raises
    ------
    argparse.ArgumentTypeError
        If there is no such setting, or a value is of another type.

    """
    try:
        if text.startswith("@"):
            with open(text[1:], encoding="utf-8") as file:
                text = file.read()
        return msgspec.json.decode(text, type=SimulatorConfig)
    except (OSError, msgspec.MsgspecError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m nautilus_paradex.simulator",
        description="A Paradex on this machine. Prints its URLs as one line of JSON when ready.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--account",
        type=parse_account,
        action="append",
        default=[],
        metavar="ADDRESS:PUBLIC_KEY[:USDC]",
        help="may be repeated; without an address it is derived from the key",
    )
    parser.add_argument("--no-market", action="store_true", help="no synthetic market")
    parser.add_argument(
        "--config",
        type=parse_config,
        default=SimulatorConfig(),
        metavar="JSON",
        help="settings of the simulator, or @file",
    )
    return parser.parse_args(argv)


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    paradex = LocalParadex(
        seed=arguments.seed,
        market=not arguments.no_market,
        host=arguments.host,
        port=arguments.port,
        config=arguments.config,
    )
    accounts = [
        paradex.create_account(
            public_key=account.public_key, address=account.address or None, usdc=account.usdc
        )
        for account in arguments.account
    ]
    async with paradex:
        ready: dict[str, Any] = {
            "http_url": paradex.http_url,
            "ws_url": paradex.ws_url,
            "accounts": accounts,
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stopped.wait()


def main(argv: list[str] | None = None) -> None:
    """Run the local Paradex."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    asyncio.run(serve(_arguments(argv)))


if __name__ == "__main__":
    main()
