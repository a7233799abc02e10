"""The command line: ``paradex-nt``, or ``python -m nautilus_paradex.cli``."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from nautilus_paradex.cli.demo import DemoSettings
from nautilus_paradex.cli.demo import demo_or_error
from nautilus_paradex.config import ParadexEnvironment


app = typer.Typer(
    help="Paradex for NautilusTrader.",
    no_args_is_help=True,
    add_completion=False,
    # A traceback with local variables could show what a log must not.
    pretty_exceptions_enable=False,
)


@app.callback()
def root() -> None:
    """Paradex for NautilusTrader."""


@app.command()
def demo(
    env: Annotated[str, typer.Option(help="local or testnet")] = "local",
    seed: Annotated[int, typer.Option(help="The local market's seed")] = 1,
    seconds: Annotated[float, typer.Option(help="How long to trade")] = 60.0,
    log_level: Annotated[str, typer.Option(help="The node's log level")] = "ERROR",
) -> None:
    """Let a TradingNode trade, and compare its books with the venue's."""
    environments = {
        "local": ParadexEnvironment.LOCAL,
        "testnet": ParadexEnvironment.TESTNET,
    }
    if env not in environments:
        raise typer.BadParameter(f"env must be local or testnet, not {env}")
    settings = DemoSettings(
        environment=environments[env], seed=seed, seconds=seconds, log_level=log_level
    )
    raise typer.Exit(asyncio.run(demo_or_error(settings, Console(width=160))))


def main() -> None:
    """Run the command line."""
    app()
