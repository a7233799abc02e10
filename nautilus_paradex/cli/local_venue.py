"""A local Paradex in a process of its own, as `python -m nautilus_paradex.simulator` starts it."""

import asyncio
import json
import os
import secrets
import sys
from types import TracebackType
from typing import Final
from typing import Self

from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.signing import Signer


_START_DEADLINE_SECS: Final = 30.0
_STOP_DEADLINE_SECS: Final = 5.0


class LocalVenue:
    """
    A local Paradex with one funded account, for the time of a ``with`` block.

    Parameters
    ----------
    seed : int
        The synthetic market's seed.
    usdc : str
        What the account starts with.

    """

    def __init__(self, seed: int, usdc: str = "100000") -> None:
        self._seed = seed
        self._usdc = usdc
        self._process: asyncio.subprocess.Process | None = None
        # The top bits stay clear, so that the number is below the curve's order and the field's.
        self.private_key = f"0x{secrets.randbits(248) + 1:x}"
        self.account = f"0x{secrets.randbits(240) + 1:x}"
        self.http_url = ""
        self.ws_url = ""

    async def __aenter__(self) -> Self:
        public_key = Signer(self.private_key).public_key_hex
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "nautilus_paradex.simulator",
            "--port",
            "0",
            "--seed",
            str(self._seed),
            "--account",
            f"{self.account}:{public_key}:{self._usdc}",
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        stdout = self._process.stdout
        if stdout is None:
            raise TransportError("the local Paradex has no output", sent=False)
        try:
            async with asyncio.timeout(_START_DEADLINE_SECS):
                line = await stdout.readline()
        except TimeoutError:
            raise TransportError("the local Paradex did not start in time", sent=False) from None
        if not line:
            code = await self._process.wait()
            raise TransportError(f"the local Paradex ended with {code}", sent=False)
        urls = json.loads(line)
        self.http_url, self.ws_url = urls["http_url"], urls["ws_url"]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_DEADLINE_SECS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
