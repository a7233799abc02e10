"""
Faults that the local Paradex can be told to have: typed values, each with a countdown.

A fault waits in a :class:`FaultQueue` until something matches it, fires, counts down and records
that it fired. Faults of requests match by method and path (WebSocket commands have their method
as path and ``WS`` as method), faults of pages by path, faults of the stream by channel, faults
of books by market. What happens to a whole venue over some time is in `simulator.scripts`, what
happens to TCP connections in `simulator.proxy`.
"""

from nautilus_paradex.simulator.faults.frames import CloseCode
from nautilus_paradex.simulator.faults.frames import Delay
from nautilus_paradex.simulator.faults.frames import DropAfterFrames
from nautilus_paradex.simulator.faults.frames import Duplicate
from nautilus_paradex.simulator.faults.frames import Fragment
from nautilus_paradex.simulator.faults.frames import Garble
from nautilus_paradex.simulator.faults.frames import Lose
from nautilus_paradex.simulator.faults.frames import Reorder
from nautilus_paradex.simulator.faults.frames import Slice
from nautilus_paradex.simulator.faults.frames import Stall
from nautilus_paradex.simulator.faults.frames import StreamFault
from nautilus_paradex.simulator.faults.frames import UnknownFrame
from nautilus_paradex.simulator.faults.frames import UnknownFrameFields
from nautilus_paradex.simulator.faults.frames import UnknownFrameValue
from nautilus_paradex.simulator.faults.queue import Armed
from nautilus_paradex.simulator.faults.queue import FaultQueue
from nautilus_paradex.simulator.faults.ready import GATEWAY_STATUSES
from nautilus_paradex.simulator.faults.ready import book_gap
from nautilus_paradex.simulator.faults.ready import book_repeat
from nautilus_paradex.simulator.faults.ready import book_swap
from nautilus_paradex.simulator.faults.ready import gateway_error
from nautilus_paradex.simulator.faults.ready import invalid_token
from nautilus_paradex.simulator.faults.ready import rate_limited
from nautilus_paradex.simulator.faults.values import AnswerFirst
from nautilus_paradex.simulator.faults.values import AnswerLast
from nautilus_paradex.simulator.faults.values import BookFault
from nautilus_paradex.simulator.faults.values import ClockJump
from nautilus_paradex.simulator.faults.values import ConnectFault
from nautilus_paradex.simulator.faults.values import CrossedBook
from nautilus_paradex.simulator.faults.values import CursorRefused
from nautilus_paradex.simulator.faults.values import EndEarly
from nautilus_paradex.simulator.faults.values import ExpireTokens
from nautilus_paradex.simulator.faults.values import Fault
from nautilus_paradex.simulator.faults.values import FillFault
from nautilus_paradex.simulator.faults.values import FillFirst
from nautilus_paradex.simulator.faults.values import HandshakeStatus
from nautilus_paradex.simulator.faults.values import HttpStatus
from nautilus_paradex.simulator.faults.values import Ignored
from nautilus_paradex.simulator.faults.values import LateRequest
from nautilus_paradex.simulator.faults.values import LostRequest
from nautilus_paradex.simulator.faults.values import LostResponse
from nautilus_paradex.simulator.faults.values import MalformedBody
from nautilus_paradex.simulator.faults.values import OrderFirst
from nautilus_paradex.simulator.faults.values import PageFault
from nautilus_paradex.simulator.faults.values import RefuseConnects
from nautilus_paradex.simulator.faults.values import Refused
from nautilus_paradex.simulator.faults.values import RepeatRows
from nautilus_paradex.simulator.faults.values import RequestFault
from nautilus_paradex.simulator.faults.values import SequenceJump
from nautilus_paradex.simulator.faults.values import SkipRows
from nautilus_paradex.simulator.faults.values import SlowRequest
from nautilus_paradex.simulator.faults.values import SlowResponse
from nautilus_paradex.simulator.faults.values import StaleAnswer
from nautilus_paradex.simulator.faults.values import StaleBook
from nautilus_paradex.simulator.faults.values import TruncatedBody
from nautilus_paradex.simulator.faults.values import UnansweredConnects
from nautilus_paradex.simulator.faults.values import UnknownFields
from nautilus_paradex.simulator.faults.values import UnknownValue
from nautilus_paradex.simulator.faults.values import WrongId


__all__ = [
    "GATEWAY_STATUSES",
    "AnswerFirst",
    "AnswerLast",
    "Armed",
    "BookFault",
    "ClockJump",
    "CloseCode",
    "ConnectFault",
    "CrossedBook",
    "CursorRefused",
    "Delay",
    "DropAfterFrames",
    "Duplicate",
    "EndEarly",
    "ExpireTokens",
    "Fault",
    "FaultQueue",
    "FillFault",
    "FillFirst",
    "Fragment",
    "Garble",
    "HandshakeStatus",
    "HttpStatus",
    "Ignored",
    "LateRequest",
    "Lose",
    "LostRequest",
    "LostResponse",
    "MalformedBody",
    "OrderFirst",
    "PageFault",
    "RefuseConnects",
    "Refused",
    "Reorder",
    "RepeatRows",
    "RequestFault",
    "SequenceJump",
    "SkipRows",
    "Slice",
    "SlowRequest",
    "SlowResponse",
    "StaleAnswer",
    "StaleBook",
    "Stall",
    "StreamFault",
    "TruncatedBody",
    "UnansweredConnects",
    "UnknownFields",
    "UnknownFrame",
    "UnknownFrameFields",
    "UnknownFrameValue",
    "UnknownValue",
    "WrongId",
    "book_gap",
    "book_repeat",
    "book_swap",
    "gateway_error",
    "invalid_token",
    "rate_limited",
]
