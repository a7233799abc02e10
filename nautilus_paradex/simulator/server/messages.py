"""A message of the stream, encoded once per encoding however many connections get it."""

from collections.abc import Callable
from typing import Any
from typing import Final

import msgspec


_encoder: Final = msgspec.json.Encoder()

type Frame = str | bytes
"""Text frames are JSON, binary ones SBE."""


class Message:
    """
    What one event becomes on the wire.

    Parameters
    ----------
    data : Callable[[], Any]
        Makes the ``data`` of the JSON notification.
    sbe : Callable[[int], bytes], optional
        Makes the frame of a schema version; None where there is no template.

    """

    __slots__ = ("_data", "_frames", "_json", "_sbe")

    def __init__(self, data: Callable[[], Any], sbe: Callable[[int], bytes] | None = None) -> None:
        self._data = data
        self._sbe = sbe
        self._json: msgspec.Raw | None = None
        self._frames: dict[int | str, Frame] = {}

    def frame(self, channel: str, version: int | None) -> Frame:
        """Return the frame for a connection; version None is JSON."""
        if version is None or self._sbe is None:
            return self._text(channel)
        frame = self._frames.get(version)
        if frame is None:
            frame = self._frames[version] = self._sbe(version)
        return frame

    def _text(self, channel: str) -> Frame:
        frame = self._frames.get(channel)
        if frame is None:
            if self._json is None:
                self._json = msgspec.Raw(_encoder.encode(self._data()))
            frame = self._frames[channel] = _encoder.encode(
                {
                    "jsonrpc": "2.0",
                    "method": "subscription",
                    "params": {"channel": channel, "data": self._json},
                }
            ).decode()
        return frame
