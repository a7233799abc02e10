"""
Secrets in memory that no display of a value shows.

A traceback with local variables, a debugger, a dump of an object and ``repr`` all ask a value how
it looks. Keys, tokens, signed requests and what carries them are of these types from where they
come in to where they leave, and look like ``***``. They are text and bytes all the same: an
f-string or a write takes the value itself.
"""

import re
import traceback
from typing import Any
from typing import Final
from typing import NoReturn
from typing import Self
from typing import SupportsIndex
from typing import overload


MASK: Final = "***"

_LONGEST_TEXT: Final = 300
#: What is looked at of a text that is longer: a server may send megabytes.
_LOOKED_AT: Final = 16 * 1024
#: Lists in lists that are looked into: nothing of the venue's is as deep.
_DEEPEST_DATA: Final = 8
#: A JWT, what stands in a header for one, or a part of a signature: a server may repeat what it
#: was sent.
_SECRETS: Final = re.compile(
    r"eyJ[\w-]{8,}(?:\.[\w-]*)*|\b(?:basic|bearer) +[\w+/=.~-]{8,}|[0-9]{60,}", re.IGNORECASE
)


class SecretText(str):
    """Text that is not shown, pickled or written as a message's field."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK

    def __getitem__(self, key: SupportsIndex | slice) -> "SecretText":
        # A display that shortens a text takes a slice of it.
        return SecretText(super().__getitem__(key))

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not saved")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


class SecretBytes(bytes):
    """Bytes that are not shown or pickled: a body or frame with a token or signature in it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK

    @overload
    def __getitem__(self, key: SupportsIndex) -> int: ...

    @overload
    def __getitem__(self, key: slice) -> "SecretBytes": ...

    def __getitem__(self, key: SupportsIndex | slice) -> "int | SecretBytes":
        found = super().__getitem__(key)
        return found if isinstance(found, int) else SecretBytes(found)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not saved")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


def concealed(text: str | None) -> SecretText | None:
    """Return a text, if there is one, as one that is not shown."""
    return None if text is None else SecretText(text)


def scrubbed(text: str) -> str:
    """
    Return a text of others on one line, not too long, without anything that looks like a secret.

    What the venue or a server in between says goes to logs and errors in this form only.
    """
    line = _SECRETS.sub(MASK, " ".join(text[:_LOOKED_AT].split()))
    return line if len(line) <= _LONGEST_TEXT else f"{line[:_LONGEST_TEXT]}..."


def scrubbed_data(data: Any, depth: int = _DEEPEST_DATA) -> Any:
    """Return the ``data`` of a refusal, as JSON has it, with every text in it scrubbed."""
    if isinstance(data, str):
        return scrubbed(data)
    if not isinstance(data, dict | list):
        return data
    if not depth:
        return MASK
    if isinstance(data, list):
        return [scrubbed_data(value, depth - 1) for value in data]
    return {scrubbed(key): scrubbed_data(value, depth - 1) for key, value in data.items()}


def without_frames[E: BaseException](error: E) -> E:
    """
    Return an error that leaves behind the frames which it has passed.

    Those of the libraries below hold headers and proxies among their local variables, which a
    traceback may show. Where an exception (no cancellation) came from is told in a note instead.
    """
    if isinstance(error, Exception):
        error.add_note("".join(traceback.format_tb(error.__traceback__)).rstrip())
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
