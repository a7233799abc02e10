"""Finds secrets in whatever a session left behind, however they are written."""

import base64
import re
from collections.abc import Iterable
from collections.abc import Iterator
from urllib.parse import quote

import msgspec


#: A part of a secret is enough of a leak; of this many characters, at most so far apart.
_PART = 20
_STEP = 10

#: No form is shorter.
_HEAD = 8

#: What looks like a token, whoever made it.
_SHAPES = (
    re.compile(rb"eyJ[\w-]{8,}"),
    re.compile(rb"[Bb]earer +[\w-]{8,}"),
)


class Finding(msgspec.Struct, frozen=True):
    """A secret where it should not be."""

    name: str
    form: str
    place: str
    around: str


def number_forms(number: int) -> Iterator[tuple[str, bytes]]:
    """Yield how a key, nonce or half of a signature may be written."""
    octets = number.to_bytes(32, "big")
    yield "decimal", str(number).encode()
    # Without 0x and zeros in front, so that it is found with them too.
    yield "hex", f"{number:x}".encode()
    yield "HEX", f"{number:X}".encode()
    yield "octal", f"{number:o}".encode()
    yield from _octets_forms(octets)
    yield from _octets_forms(octets[::-1], "reversed ")
    yield from _text_forms(f"0x{number:x}")
    yield from _text_forms(f"0x{number:064x}", "padded ")


def text_forms(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield how a token or password may be written."""
    yield "text", text.encode()
    yield "quoted", quote(text, safe="").encode()
    yield from _text_forms(text)
    yield from _octets_forms(text.encode())


def _octets_forms(octets: bytes, kind: str = "") -> Iterator[tuple[str, bytes]]:
    yield f"{kind}bytes", octets
    yield f"{kind}repr of bytes", repr(octets)[2:-1].encode()
    yield f"{kind}bytes in hex", octets.hex().encode()
    yield from _base64_forms(octets, kind)


def _text_forms(text: str, kind: str = "") -> Iterator[tuple[str, bytes]]:
    yield f"{kind}text in hex", text.encode().hex().encode()
    yield f"{kind}reversed text", text[::-1].encode()
    yield from _base64_forms(text.encode(), f"{kind}text ")


def _base64_forms(octets: bytes, kind: str) -> Iterator[tuple[str, bytes]]:
    # Wherever the secret begins in what was encoded: without the characters that it shares.
    for shift in range(3):
        for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
            encoded = encode(b"\0" * shift + octets).rstrip(b"=")
            yield f"{kind}{name}+{shift}", encoded[(0, 2, 3)[shift] : -1]


def parts_of(form: bytes) -> list[bytes]:
    """Return the parts of a form, any of which gives it away."""
    if len(form) <= _PART:
        return [form]
    starts = [*range(0, len(form) - _PART, _STEP), len(form) - _PART]
    return [form[start : start + _PART] for start in starts]


class Finder:
    """
    Looks for secrets.

    Parameters
    ----------
    in_part : dict[str, str or int]
        Secrets by name, of which no part may show.
    whole : dict[str, str or int]
        Secrets by name, of which there are too many to look for their parts.

    """

    def __init__(self, in_part: dict[str, str | int], whole: dict[str, str | int]) -> None:
        self._needles: dict[bytes, tuple[str, str]] = {}
        for secrets, is_cut in ((in_part, True), (whole, False)):
            for name, secret in secrets.items():
                forms = number_forms(secret) if isinstance(secret, int) else text_forms(secret)
                for kind, form in forms:
                    for needle in parts_of(form) if is_cut else [form]:
                        assert len(needle) >= _HEAD, (name, kind)
                        self._needles.setdefault(needle, (name, kind))

    def look(self, place: str, content: bytes) -> Iterator[Finding]:
        """Yield the secrets in a content."""
        for needle in self._present(content):
            name, kind = self._needles[needle]
            yield Finding(name, kind, place, _around(content, content.index(needle)))
        for shape in _SHAPES:
            for match in shape.finditer(content):
                yield Finding("", shape.pattern.decode(), place, _around(content, match.start()))

    def look_through(self, places: Iterable[tuple[str, bytes]]) -> list[Finding]:
        """Return the secrets in all contents."""
        return [finding for place, content in places for finding in self.look(place, content)]

    def _present(self, content: bytes) -> Iterator[bytes]:
        # By their first bytes: thousands of needles, and tens of megabytes to look through.
        heads: dict[bytes, list[bytes]] = {}
        for needle in self._needles:
            heads.setdefault(needle[:_HEAD], []).append(needle)
        found: set[bytes] = set()
        for at in range(len(content) - _HEAD + 1):
            for needle in heads.get(content[at : at + _HEAD], ()):
                if needle not in found and content.startswith(needle, at):
                    found.add(needle)
                    yield needle


def _around(content: bytes, at: int) -> str:
    return content[max(0, at - 120) : at + 60].decode("utf-8", "replace")
