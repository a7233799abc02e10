"""``python -m tests.virtual.told SEED``: tell a story, and print what happened."""

import functools
import sys

from tests.virtual.sessions import tell
from tests.virtual.stories import outage


if __name__ == "__main__":
    for seconds, what in tell(functools.partial(outage, seconds=30.0), int(sys.argv[1])):
        print(f"{seconds:.6f} {what}")
