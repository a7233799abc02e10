"""Finds where a module reads a real clock, sleeps, sets timers or rolls dice, in its syntax."""

import ast
from collections.abc import Iterator


#: Modules of which everything is real.
_MODULES = frozenset({"time", "random", "secrets", "uuid"})

#: A generator that is given its seed is no chance.
_SEEDED = "random.Random"

_CALLS = frozenset(
    {
        "asyncio.timeout",
        "asyncio.timeout_at",
        "asyncio.wait_for",
        "asyncio.sleep",
        "os.urandom",
        "threading.Timer",
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "datetime.date.today",
    }
)
#: Methods of event loops, and of classes of dates, under whatever name these are known.
_LOOP_METHODS = frozenset({"call_later", "call_at"})
_DATE_METHODS = frozenset({"now", "utcnow", "today"})
_DATES = frozenset({"datetime", "date", "Timestamp"})


def real_time_in(source: str) -> list[tuple[int, str]]:
    """Return line and name of everything that is real, in the order of the lines."""
    tree = ast.parse(source)
    names = dict(_imported(tree))
    turns = {
        node.func
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _only_gives_a_turn(node, names)
    }
    return sorted(
        {
            (node.lineno, name)
            for node in ast.walk(tree)
            if node not in turns
            for name in _real(node, names)
        }
    )


def _only_gives_a_turn(node: ast.Call, names: dict[str, str]) -> bool:
    """Return if others have a turn, and no time passes."""
    return (
        _full_name(node.func, names) == "asyncio.sleep"
        and len(node.args) == 1
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value == 0
    )


def _imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the names that a module imports, and what they are in full."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _real(node: ast.AST, names: dict[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        full = _full_name(node, names)
        if full in _CALLS or _is_of_real_module(full):
            yield full
    elif isinstance(node, ast.Name):
        full = names.get(node.id, "")
        if full in _CALLS or ("." in full and _is_of_real_module(full)):
            yield full
    elif isinstance(node, ast.Call):
        yield from _real_call(node, names)


def _real_call(node: ast.Call, names: dict[str, str]) -> Iterator[str]:
    full = _full_name(node.func, names)
    if full == _SEEDED and not node.args:
        yield "random.Random without a seed"
    if full == "asyncio.wait" and any(keyword.arg == "timeout" for keyword in node.keywords):
        yield "asyncio.wait with a timeout"
    if not isinstance(node.func, ast.Attribute):
        return
    owner = _full_name(node.func.value, names).rpartition(".")[2]
    if node.func.attr in _LOOP_METHODS and "timing" not in owner:
        yield f"{owner}.{node.func.attr}"
    if node.func.attr in _DATE_METHODS and owner in _DATES and full not in _CALLS:
        yield f"{owner}.{node.func.attr}"
    if node.func.attr == "time" and owner in ("loop", "_loop", "get_running_loop"):
        yield f"{owner}.time"


def _is_of_real_module(full: str) -> bool:
    return full.partition(".")[0] in _MODULES and full != _SEEDED


def _full_name(node: ast.AST, names: dict[str, str]) -> str:
    """Return a dotted name, with what was imported in full; calls on the way are passed over."""
    if isinstance(node, ast.Name):
        # What is not imported is no module, whatever its name.
        return names.get(node.id, f".{node.id}")
    if isinstance(node, ast.Attribute):
        return f"{_full_name(node.value, names)}.{node.attr}"
    if isinstance(node, ast.Call):
        return _full_name(node.func, names)
    return ""
