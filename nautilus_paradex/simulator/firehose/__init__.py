"""
The firehose: a local Paradex that only speaks, at a stated number of frames a second.

It serves what a data client subscribes to, in SBE version 2, from frames that are encoded ahead
and patched in place, so that it keeps its rate on one core. There is no engine behind it: what it
says is consistent (books have exact sequences, quotes do not cross), and the same for a seed.
"""

from nautilus_paradex.simulator.firehose.listing import FirehoseListing
from nautilus_paradex.simulator.firehose.server import Firehose
from nautilus_paradex.simulator.firehose.server import FirehoseSettings


__all__ = ["Firehose", "FirehoseListing", "FirehoseSettings"]
