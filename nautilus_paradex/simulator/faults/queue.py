"""The faults to come, and what has fired."""

import asyncio

from nautilus_paradex.simulator.faults.frames import StreamFault
from nautilus_paradex.simulator.faults.values import BookFault
from nautilus_paradex.simulator.faults.values import ConnectFault
from nautilus_paradex.simulator.faults.values import Fault
from nautilus_paradex.simulator.faults.values import FillFault
from nautilus_paradex.simulator.faults.values import HandshakeStatus
from nautilus_paradex.simulator.faults.values import PageFault
from nautilus_paradex.simulator.faults.values import RequestFault


class Armed[F: Fault]:
    """
    A fault in the queue.

    Attributes
    ----------
    fault : Fault
        What happens.
    fired : int
        How often it did.
    seen : int
        How many frames passed that count towards it.

    """

    def __init__(self, fault: F) -> None:
        self.fault = fault
        self.fired = 0
        self.seen = 0
        self._exhausted = asyncio.Event()

    @property
    def is_exhausted(self) -> bool:
        """If the fault fired as often as it should."""
        return self.fired >= self.fault.n

    def fire(self) -> None:
        """Count down and record."""
        self.fired += 1
        self.seen = 0
        if self.is_exhausted:
            self._exhausted.set()

    async def exhausted(self) -> None:
        """Wait until the fault has fired as often as it should."""
        await self._exhausted.wait()


class FaultQueue:
    """The faults to come, in order, and a record of those that fired."""

    def __init__(self) -> None:
        self._armed: list[Armed[Fault]] = []
        self.fired: list[Fault] = []

    @property
    def pending(self) -> list[Fault]:
        """The faults that have not fired as often as they should."""
        return [armed.fault for armed in self._armed]

    def add[F: Fault](self, fault: F) -> Armed[F]:
        """Arm a fault, after those already there."""
        armed = Armed(fault)
        self._armed.append(armed)  # type: ignore[arg-type]  # read by its own kind only
        return armed

    def clear(self) -> None:
        """Disarm everything; what fired stays recorded."""
        self._armed.clear()

    def fire(self, armed: Armed[Fault]) -> None:
        """Let an armed fault happen once."""
        armed.fire()
        self.fired.append(armed.fault)
        if armed.is_exhausted and armed in self._armed:
            self._armed.remove(armed)

    def on_connect(self, sbe_version: int | None) -> ConnectFault | None:
        """Return what happens to an upgrade, if anything."""
        for armed in self._armed:
            fault = armed.fault
            if not isinstance(fault, ConnectFault):
                continue
            if isinstance(fault, HandshakeStatus) and fault.sbe_version not in (None, sbe_version):
                continue
            self.fire(armed)
            return fault
        return None

    def on_request(self, method: str, path: str) -> RequestFault | None:
        """Return what happens to a request, if anything."""
        for armed in self._armed:
            if isinstance(armed.fault, RequestFault) and armed.fault.matches(method, path):
                self.fire(armed)
                return armed.fault
        return None

    def armed_for_frame(self, channel: str, private: bool) -> list[Armed[Fault]]:
        """Return the faults that are meant for a frame, in order."""
        return [
            armed
            for armed in self._armed
            if isinstance(armed.fault, StreamFault) and armed.fault.matches(channel, private)
        ]

    def on_page(self, path: str, has_cursor: bool) -> PageFault | None:
        """Return what happens to a page of a list, if anything."""
        for armed in self._armed:
            if isinstance(armed.fault, PageFault) and armed.fault.matches(path, has_cursor):
                self.fire(armed)
                return armed.fault
        return None

    def on_fill(self) -> FillFault | None:
        """Return in which order a fill and its order's update are told, if a fault says so."""
        for armed in self._armed:
            if isinstance(armed.fault, FillFault):
                self.fire(armed)
                return armed.fault
        return None

    def on_book(self, market: str, is_snapshot: bool) -> BookFault | None:
        """Return what is wrong with a message of a book, if anything."""
        for armed in self._armed:
            if isinstance(armed.fault, BookFault) and armed.fault.matches(market, is_snapshot):
                self.fire(armed)
                return armed.fault
        return None
