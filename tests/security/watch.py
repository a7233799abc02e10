"""
Watches every exception that passes a frame of the package, with what a debugger would show of it.

Tracebacks with local variables are what error trackers send away: nothing in them may be a secret.
"""

import linecache
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import CodeType
from types import FrameType
from types import TracebackType
from typing import Any
from typing import Self
from typing import TextIO

import nautilus_paradex


_PACKAGE = str(Path(nautilus_paradex.__file__).parent) + "/"
_VENUE = _PACKAGE + "simulator/"
_TESTS = str(Path(__file__).parents[1]) + "/"

#: Where keys and nonces are numbers. An exception leaves them without their frames, which is seen
#: in what arrives outside.
_INSIDE_OF_SIGNING = frozenset({"_sign", "_sign.<locals>.<genexpr>", "_signature", "_nonce"})

#: Called by the HTTP library: what it raises goes through the library's frames once more, which are
#: left behind where the adapter's own code begins.
_INSIDE_OF_LIBRARY = frozenset({"_sent_once"})

#: How often a place is looked at for each kind of exception: they come by the thousand.
_LOOKS = 3

_EVENTS = ("RAISE", "RERAISE", "PY_UNWIND", "EXCEPTION_HANDLED")


def is_ours(filename: str) -> bool:
    """If a frame is the adapter's: neither the local venue's nor a test's."""
    return filename.startswith(_PACKAGE) and not filename.startswith(_VENUE)


def _is_libraries(filename: str) -> bool:
    return not filename.startswith((_PACKAGE, _TESTS))


def frame_text(frame: FrameType) -> str:
    """Return a frame with its local variables."""
    code = frame.f_code
    lines = [f"{code.co_filename}:{frame.f_lineno} {code.co_qualname}"]
    lines.append(linecache.getline(code.co_filename, frame.f_lineno).rstrip())
    lines += [f"    {name} = {_shown(value)}" for name, value in frame.f_locals.items()]
    return "\n".join(lines)


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # an object that is not built yet, as printers of tracebacks say
        return f"<no repr: {error}>"


def exception_text(error: BaseException) -> str:
    """
    Return an exception with its chain, and the frames of all of it with their local variables.

    Frames of tests and of the venue hold the secrets by right and are left out. Those of libraries
    are left out only where the chain is cut by ``from None``, as every printer of tracebacks does.
    """
    parts = []
    for each, is_cut in _chain(error):
        parts.append(f"{type(each).__name__}: {each} {each!r} {each.args!r} {vars(each)!r}")
        parts += [
            frame_text(frame)
            for frame in _frames(each.__traceback__)
            if is_ours(frame.f_code.co_filename)
            or (not is_cut and _is_libraries(frame.f_code.co_filename))
        ]
    return "\n".join(parts)


def _chain(error: BaseException) -> Iterator[tuple[BaseException, bool]]:
    todo, seen = [(error, False)], set()
    while todo:
        each, is_cut = todo.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each, is_cut
        if each.__cause__ is not None:
            todo.append((each.__cause__, is_cut))
        if each.__context__ is not None:
            todo.append((each.__context__, is_cut or each.__suppress_context__))
        todo += [(inner, is_cut) for inner in getattr(each, "exceptions", ())]


def _frames(traceback: TracebackType | None) -> Iterator[FrameType]:
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


class ExceptionWatch:
    """
    Writes down what is in every frame of the package that an exception passes.

    Parameters
    ----------
    output : TextIO
        Where to.

    Attributes
    ----------
    kinds : Counter
        How many were seen of each kind.

    """

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._looks: Counter[tuple[CodeType, int, bool, type, type]] = Counter()
        self._is_busy = False
        self.kinds: Counter[str] = Counter()
        self.functions: set[str] = set()

    def __enter__(self) -> Self:
        tool = sys.monitoring.DEBUGGER_ID
        sys.monitoring.use_tool_id(tool, "secrets")
        events = 0
        for name in _EVENTS:
            event = getattr(sys.monitoring.events, name)
            leaves = name == "PY_UNWIND"
            sys.monitoring.register_callback(tool, event, partial(self._on_event, leaves))
            events |= event
        sys.monitoring.set_events(tool, events)
        return self

    def __exit__(self, *_: object) -> None:
        tool = sys.monitoring.DEBUGGER_ID
        sys.monitoring.set_events(tool, 0)
        sys.monitoring.free_tool_id(tool)

    def _on_event(self, leaves: bool, code: CodeType, offset: int, error: BaseException) -> Any:
        if self._is_busy or not is_ours(code.co_filename):
            return
        key = (code, offset, leaves, type(error), type(error.__cause__ or error.__context__))
        self._looks[key] += 1
        if self._looks[key] > _LOOKS:
            return
        self._is_busy = True
        try:
            self.kinds[type(error).__name__] += 1
            self.functions.add(code.co_qualname)
            if code.co_qualname not in _INSIDE_OF_SIGNING:
                self._output.write(frame_text(sys._getframe(1)) + "\n")
            if leaves and code.co_qualname not in _INSIDE_OF_SIGNING | _INSIDE_OF_LIBRARY:
                self._output.write(exception_text(error) + "\n")
        finally:
            self._is_busy = False
