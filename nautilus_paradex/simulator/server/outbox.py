"""What a connection still has to send, and the faults that happen on the way."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from collections.abc import Callable

import msgspec

from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.clock import loop_s
from nautilus_paradex.simulator.clock import pause
from nautilus_paradex.simulator.faults.changes import frame_with_unknown_fields
from nautilus_paradex.simulator.faults.changes import frame_with_value
from nautilus_paradex.simulator.faults.changes import unknown_frame
from nautilus_paradex.simulator.server.messages import Frame


class Cut(Exception):  # noqa: N818 - what is to be done, not an error
    """
    The connection is to end now.

    Parameters
    ----------
    code : int, optional
        The close code; None cuts the TCP connection.

    """

    def __init__(self, code: int | None = None) -> None:
        super().__init__(code)
        self.code = code


class Pieces(msgspec.Struct, frozen=True):
    """A message that is to be sent in pieces."""

    frame: Frame
    size: int
    """Bytes of each piece but the last."""
    are_frames: bool
    """If each is a WebSocket frame of its own; else they are pieces of one frame."""


class Outbox:
    """
    A bounded queue of frames.

    Parameters
    ----------
    queue : faults.FaultQueue
        The faults to come.
    limit : int
        How many frames may wait.
    on_overflow : Callable[[], None]
        Told once when more do; while nothing is sent, as in a stall, they end the connection when
        the sending goes on.

    """

    def __init__(
        self, queue: faults.FaultQueue, limit: int, on_overflow: Callable[[], None]
    ) -> None:
        self._faults = queue
        self._limit = limit
        self._on_overflow = on_overflow
        self._frames: deque[tuple[str, Frame]] = deque()
        self._filled = asyncio.Event()
        self._held: Frame | Pieces | None = None
        self._stalled_until: float | None = None
        self.is_private = False
        self.is_overflown = False

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, channel: str, frame: Frame) -> None:
        """Queue a frame; beyond the limit the connection is lost."""
        if self.is_overflown:
            return
        if len(self._frames) >= self._limit:
            self.is_overflown = True
            self._on_overflow()
            return
        self._frames.append((channel, frame))
        self._filled.set()

    async def frames(self) -> AsyncIterator[Frame | Pieces]:
        """
        Yield what is to be sent, for ever.

        Raises
        ------
        Cut
            When the connection is to end.

        """
        while True:
            while not self._frames:
                self._filled.clear()
                await self._filled.wait()
            if self.is_overflown:
                raise Cut
            channel, frame = self._frames.popleft()
            armed = self._faults.armed_for_frame(channel, self.is_private)
            if not armed:
                for ready in self._released(frame):
                    yield ready
                continue
            self._end_before(armed)
            await self._pause_before(armed)
            for changed in self._changed(frame, armed):
                yield changed
            await self._end_after(armed)

    def _released(self, frame: Frame | Pieces) -> list[Frame | Pieces]:
        held, self._held = self._held, None
        return [frame] if held is None else [frame, held]

    def _end_before(self, armed: list[faults.Armed[faults.Fault]]) -> None:
        for item in armed:
            fault = item.fault
            if isinstance(fault, faults.DropAfterFrames) and fault.frames == 0:
                self._faults.fire(item)
                raise Cut
            if isinstance(fault, faults.CloseCode) and fault.frames == 0:
                self._faults.fire(item)
                raise Cut(fault.code)

    async def _pause_before(self, armed: list[faults.Armed[faults.Fault]]) -> None:
        for item in armed:
            fault = item.fault
            if isinstance(fault, faults.Stall) and fault.frames == 0:
                self._faults.fire(item)
                await self._stall(fault)
            elif isinstance(fault, faults.Delay):
                self._faults.fire(item)
                await pause(fault.ms / 1000)

    def _changed(
        self, frame: Frame, armed: list[faults.Armed[faults.Fault]]
    ) -> list[Frame | Pieces]:
        """Return what is sent instead of a frame."""
        before: list[Frame | Pieces] = []
        frame = self._altered(frame, armed)
        sent: Frame | Pieces = frame
        copies = 1
        for item in armed:
            fault = item.fault
            if isinstance(fault, faults.Lose):
                self._faults.fire(item)
                return []
            if isinstance(fault, faults.Reorder) and self._held is None:
                self._faults.fire(item)
                self._held = sent
                return []
            if isinstance(fault, faults.Duplicate):
                self._faults.fire(item)
                copies += 1
            elif isinstance(fault, faults.UnknownFrame):
                self._faults.fire(item)
                before.append(unknown_frame(frame))
            elif isinstance(fault, faults.Fragment | faults.Slice):
                self._faults.fire(item)
                sent = Pieces(frame, fault.size, isinstance(fault, faults.Fragment))
        return [*before, *[sent] * (copies - 1), *self._released(sent)]

    def _altered(self, frame: Frame, armed: list[faults.Armed[faults.Fault]]) -> Frame:
        """Return a frame with another content."""
        for item in armed:
            match item.fault:
                case faults.Garble():
                    changed = frame[: len(frame) // 2]
                case faults.UnknownFrameFields():
                    changed = frame_with_unknown_fields(frame)
                case faults.UnknownFrameValue(field=field, value=value, code=code):
                    changed = frame_with_value(frame, field, value, code)
                case _:
                    continue
            self._faults.fire(item)
            frame = changed
        return frame

    async def _end_after(self, armed: list[faults.Armed[faults.Fault]]) -> None:
        for item in armed:
            fault = item.fault
            if not isinstance(fault, faults.DropAfterFrames | faults.CloseCode | faults.Stall):
                continue
            if fault.frames == 0 or item.is_exhausted:
                continue
            item.seen += 1
            if item.seen < fault.frames:
                continue
            self._faults.fire(item)
            if isinstance(fault, faults.Stall):
                await self._stall(fault)
            else:
                raise Cut(fault.code if isinstance(fault, faults.CloseCode) else None)

    async def _stall(self, fault: faults.Stall) -> None:
        loop = asyncio.get_running_loop()
        self._stalled_until = float("inf") if fault.seconds is None else loop_s() + fault.seconds
        if fault.seconds is None:
            await loop.create_future()
        else:
            await pause(fault.seconds)
        self._stalled_until = None

    @property
    def is_stalled(self) -> bool:
        """If a stall fault keeps the connection silent."""
        return self._stalled_until is not None
