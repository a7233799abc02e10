"""
Signed messages of Paradex: typed data over Pedersen, signed on the Stark curve (PROTOCOL 2, 3).

::

    curve      points, tables of multiples, verification
    pedersen   the hash
    felts      texts as field elements
    integers   gmpy2's, with types
    messages   the hashes of what is signed
    signer     keys and signatures

The arithmetic runs on gmpy2's integers and is not constant-time: whoever can time it on this
machine can also read the process. Keys belong on a machine of one's own.
"""

from nautilus_paradex.protocol.signing.curve import verify
from nautilus_paradex.protocol.signing.felts import normalize_address
from nautilus_paradex.protocol.signing.felts import short_string
from nautilus_paradex.protocol.signing.messages import MessageHasher
from nautilus_paradex.protocol.signing.signer import AccountSigner
from nautilus_paradex.protocol.signing.signer import Signer
from nautilus_paradex.protocol.signing.signer import format_signature


__all__ = [
    "AccountSigner",
    "MessageHasher",
    "Signer",
    "format_signature",
    "normalize_address",
    "short_string",
    "verify",
]
