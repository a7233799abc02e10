"""
What all messages share: immutability, secrets that do not print, pages, error bodies.

Conventions of the structs in this package (PROTOCOL 4): decimals are strings and ``""`` is
absent; times are UNIX milliseconds unless named; fields that the venue adds are ignored; a
field that the venue leaves out has its default.
"""

from functools import cache
from typing import Annotated
from typing import Any
from typing import ClassVar

import msgspec

from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.numbers import LARGEST
from nautilus_paradex.protocol.numbers import LATEST_NS


#: A time that state depends on, UNIX milliseconds: any other is refused.
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=LATEST_NS // 1_000_000)]

#: A number of a book's frame.
SequenceNumber = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]


class Wire(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Base of every message; fields named in ``secret_fields`` never show in a repr."""

    secret_fields: ClassVar[frozenset[str]] = frozenset()

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [
            (name, "***" if name in self.secret_fields else getattr(self, name))
            for name in self.__struct_fields__
        ]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({fields})"


class Message(Wire, frozen=True, gc=False, kw_only=True):
    """Base of what the venue sends."""


class Body(Wire, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """
    Base of what is sent to the venue: optional fields are left out, never sent empty.

    Raises
    ------
    EncodeError
        If a field that the venue requires is an empty text.

    """

    def __post_init__(self) -> None:
        for name in _required(type(self)):
            if getattr(self, name) == "":
                raise EncodeError(f"{type(self).__name__}.{name} must not be empty")


@cache
def _required(kind: type[Body]) -> tuple[str, ...]:
    return tuple(field.name for field in msgspec.structs.fields(kind) if field.required)


class Page[T](Message, frozen=True, gc=False, kw_only=True):
    """
    A list answer; unpaged ones have no cursors.

    Cursors are opaque and belong to the query that they came from: they are never stored,
    changed or combined with other filters (trap 18).
    """

    results: list[T]
    next: str | None = None
    prev: str | None = None

    @property
    def next_cursor(self) -> str | None:
        """The cursor of the next page; None where there is none (null or empty)."""
        return self.next or None


class ErrorBody(Message, frozen=True, gc=False, kw_only=True):
    """The body of a refusal; the rate limiter's carries no ``error`` (trap 19)."""

    error: str = ""
    message: str = ""
    data: Any = None
