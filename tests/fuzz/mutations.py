"""
Ways in which bytes of the wire go wrong, as values: what hypothesis shrinks and the driver draws.

A change is three numbers: its kind, where, and with what. Each kind makes of any numbers a change
of any bytes, so that nothing that is drawn is thrown away.
"""

import random
import re
from typing import Final
from typing import NamedTuple


#: Larger inputs are another test's business (`tests.fuzz.test_fuzz_bounds`).
MAX_BYTES: Final = 1 << 16


class Change(NamedTuple):
    """One change of some bytes."""

    kind: int
    at: int
    what: int


#: What is written over numbers of SBE: bounds of its types, and near them.
_INTEGERS: Final = tuple(
    value.to_bytes(size, "little", signed=value < 0)
    for size, values in (
        (1, (0, 1, 127, 128, 253, 254, 255)),
        (2, (0, 1, 2, 15, 16, 17, 255, 256, 32_767, 65_534, 65_535)),
        (4, (0, 2**31 - 1, 2**32 - 1)),
        (8, (0, 1, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), -(2**63) + 1, 10**17, -(10**17))),
        (8, (2**63 // 1000, 2**63 // 1000 + 1, 2**64 // 1000 - 2**63)),
    )
    for value in values
)

#: What stands in JSON instead of a value. Some is no JSON at all.
_TEXTS: Final = tuple(
    text.encode("utf-8", "surrogatepass")
    for text in (
        *("null", "true", "0", "-0", "1", "-1", "1.5", "[]", "{}", '""', '"x"', "", "[null]"),
        *("NaN", "Infinity", "-Infinity", "nan", '"NaN"', '"Infinity"', '"-inf"', '"sNaN1"'),
        *("1e5", "1E-9", "1e99", "1e400", "1e-400", "1e999999999", "1e-999999999", "0e999999999"),
        *('"1e5"', '"1E-9"', '"1e99"', '"-1e99"', '"1e400"', '"1e999999999"', '"0e999999999"'),
        *('"0.000000001"', '"0.123456789"', '"1."', '".5"', '"+1"', '" 1"', '"1 "', '"1_0"'),
        *('"-0"', '"-1"', '"--1"', '"0x10"', '"٣"', '"1,5"', '"1.5.5"', '"9" "9"', '"00012"'),
        *("9007199254740993", "9007199254740993.0", "18446744073709551615", "-9223372036854775809"),
        *("18446744073709551616", "9" * 40, "9" * 400, f'"{"9" * 40}"', f'"{"9" * 400}"'),
        *("92233720368.54775807", '"92233720368.54775807"', '"17014118346046.00000001"'),
        *("[" * 3000, '{"a":' * 3000, "[" * 60 + "]" * 60, f'"{"x" * 5000}"'),
        *('"\ud800"', '"\\ud800"', '"\\u0000"', '"\x00"', '"é"', '"😀"', '"a*b?"', '" "', '"\\n"'),
        *('"BUY"', '"SELL"', '"SOMETHING_NEW"', '"s"', '"d"', '"OPEN"', '"CLOSED"', '"MARKET"'),
        *('["1","2"]', '[["1","2"]]', '{"fee":"1"}', "[1,2,3,4,5,6]", "[0,1e999999,2,3,4,5]"),
    )
)
_LITERALS: Final = (*_TEXTS, b"\xff\xfe", b'"\xc3("', b"\xef\xbb\xbf", b'"\xed\xa0\x80"')

_SCALAR: Final = re.compile(
    rb'"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null', re.ASCII
)
_MEMBER: Final = re.compile(
    rb'"(?:[^"\\]|\\.)*"\s*:\s*(?:"(?:[^"\\]|\\.)*"|[-0-9.eE+]+|\w+)', re.ASCII
)


def mutated(data: bytes, changes: list[Change]) -> bytes:
    """Return the bytes after some changes, one after another."""
    for kind, at, what in changes:
        data = _KINDS[kind % len(_KINDS)](data, at, what)[:MAX_BYTES]
    return data


def drawn(rng: random.Random) -> list[Change]:
    """Return some changes; most inputs have one or two."""
    count = 1 + min(int(rng.expovariate(0.9)), 7)
    big = 1 << 20
    return [
        Change(rng.randrange(big), rng.randrange(big), rng.randrange(big)) for _ in range(count)
    ]


def _byte(data: bytes, at: int, what: int) -> bytes:
    if not data:
        return bytes([what % 256])
    at %= len(data)
    return data[:at] + bytes([what % 256]) + data[at + 1 :]


def _bit(data: bytes, at: int, what: int) -> bytes:
    return _byte(data, at, data[at % len(data)] ^ (1 << what % 8)) if data else data


def _cut(data: bytes, at: int, _: int) -> bytes:
    return data[: at % (len(data) + 1)]


def _drop(data: bytes, at: int, what: int) -> bytes:
    at %= len(data) + 1
    return data[:at] + data[at + 1 + what % 16 :]


def _repeat(data: bytes, at: int, what: int) -> bytes:
    at %= len(data) + 1
    length = 1 + what % 64
    return data[: at + length] + data[at:]


def _insert(data: bytes, at: int, what: int) -> bytes:
    at %= len(data) + 1
    return data[:at] + (what % 2**32).to_bytes(4, "little")[: 1 + what % 4] + data[at:]


def _integer(data: bytes, at: int, what: int) -> bytes:
    value = _INTEGERS[what % len(_INTEGERS)]
    at %= len(data) + 1
    return data[:at] + value + data[at + len(value) :]


def _header(data: bytes, at: int, what: int) -> bytes:
    """Write over a number of an SBE header, behind the selecting byte or at the begin."""
    offset = (0, 2, 4, 6)[at % 4] + at // 4 % 2
    value = _INTEGERS[7 + what % 11] if what % 2 else (what // 2 % 300).to_bytes(2, "little")
    return data[:offset] + value + data[offset + 2 :]


def _scalar(data: bytes, at: int, what: int) -> bytes:
    """Replace a scalar of JSON, a member's name among them."""
    found = list(_SCALAR.finditer(data))
    if not found:
        return data
    match = found[at % len(found)]
    return data[: match.start()] + _LITERALS[what % len(_LITERALS)] + data[match.end() :]


def _member(data: bytes, at: int, what: int) -> bytes:
    """Double a member of an object, with another value; or leave it out."""
    found = list(_MEMBER.finditer(data))
    if not found:
        return data
    match = found[at % len(found)]
    start, end = match.span()
    if not what % 2:
        return data[:start].rstrip(b", ") + data[end:] if start > 1 else data
    name = match[0].partition(b":")[0]
    again = name + b":" + _LITERALS[what // 2 % len(_LITERALS)]
    return data[:end] + b"," + again + data[end:]


_KINDS: Final = (
    *(_byte, _bit, _cut, _drop, _repeat, _insert, _integer, _integer, _header),
    *(_scalar, _scalar, _scalar, _scalar, _member, _member),
)
