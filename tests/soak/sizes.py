"""How much an object and everything of the adapter below it keeps, by class and field."""

from collections import Counter
from collections import deque
from collections.abc import Iterator
from typing import Any
from typing import Final


_CONTAINERS: Final = (dict, set, list, deque)
_PACKAGE: Final = "nautilus_paradex."
#: Of each container so many values are looked into.
_LOOKED_INTO: Final = 20_000


def sizes(*roots: Any) -> Counter[str]:
    """Return the lengths of all containers below some objects, added up by class and field."""
    found: Counter[str] = Counter()
    seen: set[int] = set()
    waiting: deque[Any] = deque(roots)
    while waiting:
        owner = waiting.popleft()
        if id(owner) in seen:
            continue
        seen.add(id(owner))
        for name, value in _fields(owner):
            if isinstance(value, _CONTAINERS):
                found[f"{type(owner).__name__}.{name}"] += len(value)
            waiting.extend(part for part in _parts(value) if _is_ours(part))
    return found


def _fields(owner: Any) -> Iterator[tuple[str, Any]]:
    if hasattr(owner, "__dict__"):
        yield from list(vars(owner).items())
    names = getattr(type(owner), "__struct_fields__", ()) or getattr(type(owner), "__slots__", ())
    for name in names:
        if hasattr(owner, name):
            yield name, getattr(owner, name)
    if isinstance(owner, tuple):
        yield from zip(getattr(owner, "_fields", ()), owner, strict=False)


def _parts(value: Any) -> Iterator[Any]:
    """Yield what a field leads to: itself, its values, and who a bound method belongs to."""
    yield getattr(value, "__self__", value)
    if isinstance(value, dict):
        values = list(value.values())
    elif isinstance(value, set | list | deque | tuple):
        values = list(value)
    else:
        return
    for each in values[:_LOOKED_INTO]:
        yield from [each] if not isinstance(each, _CONTAINERS) else list(each)[:_LOOKED_INTO]


def _is_ours(value: Any) -> bool:
    module = type(value).__module__
    return module.startswith(_PACKAGE) and not isinstance(value, type)
