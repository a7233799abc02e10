"""Bytes to messages and back."""

from decimal import Decimal
from decimal import InvalidOperation
from typing import Any
from typing import Final

import msgspec

from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.secrecy import SecretBytes


#: Everything that msgspec raises on bytes that it cannot decode.
UNDECODABLE: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)

_encoder: Final = msgspec.json.Encoder()
# A number which is a price never passes through a float, and stays a number.
_untyped: Final = msgspec.json.Decoder(float_hook=Decimal)
_rewriter: Final = msgspec.json.Encoder(decimal_format="number")


# One decoder a type, built on first use: building one costs more than many messages.
_decoders: Final[dict[Any, msgspec.json.Decoder[Any]]] = {}


def decode[T](payload: bytes | str | msgspec.Raw, kind: type[T]) -> T:
    """
    Return a body or a channel's data as the given message type.

    A ``null`` is taken as an absent field wherever it stands, since the venue's Go structs
    write it for empty lists and objects.

    Parameters
    ----------
    payload : bytes, str or Raw
        JSON.
    kind : type
        A message type, or a generic of one such as ``Page[OrderMessage]``.

    Raises
    ------
    DecodeError
        If the payload is no JSON or not of this shape.

    """
    decoder: msgspec.json.Decoder[T] | None = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError:
        pass
    except (EncodeError, *UNDECODABLE) as error:
        raise DecodeError(f"{_name(kind)}: {error}") from None
    try:
        present = _rewriter.encode(_present(_untyped.decode(payload)))
        return decoder.decode(present)
    except (EncodeError, InvalidOperation, *UNDECODABLE) as error:
        raise DecodeError(f"{_name(kind)}: {error}") from None


def encode(body: Any) -> SecretBytes:
    """
    Return a request body as JSON: a struct, or a list of them for a batch.

    It holds a signature as a rule, and does not show.

    Raises
    ------
    EncodeError
        If the body cannot be written as JSON. The text holds none of its values.

    """
    try:
        return SecretBytes(_encoder.encode(body))
    except (TypeError, ValueError, RecursionError):
        raise EncodeError(f"a {type(body).__name__} cannot be written as JSON") from None


def _present(value: Any) -> Any:
    """Return the value without absent fields; a page's null list is an empty page."""
    if isinstance(value, dict):
        return {
            name: [] if name == "results" and item is None else _present(item)
            for name, item in value.items()
            if (item is not None and item != "") or name == "results"
        }
    if isinstance(value, list):
        return [_present(item) for item in value]
    return value


def _name(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))
