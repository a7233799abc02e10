"""
``python -m tests.fuzz [NAME ...] --runs 1000000 --seed 1``: many inputs for the targets.

Where atheris can be imported (``pip install atheris``) and ``--atheris`` asks for it, it leads the
inputs by what they reach in the code, for one target; else inputs are mutations of right ones,
drawn from the seed. An input that fails is written to ``tests/fuzz/failed/NAME`` and given again
by ``python -m tests.fuzz --again FILE``; once its cause is mended it belongs in
``tests/fuzz/found/NAME``, which the tests give to the target for ever.
"""

import argparse
import hashlib
import json
import random
import resource
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any
from typing import Final

from tests.fuzz.mutations import drawn
from tests.fuzz.mutations import mutated


FAILED: Final = Path(__file__).parent / "failed"
FOUND: Final = Path(__file__).parent / "found"

#: Seconds and bytes beyond which an input has done harm.
_LONGEST_S: Final = 10
_MOST_BYTES: Final = 4 << 30
#: Failures of one place in the code that are kept.
_KEPT: Final = 3


def targets() -> dict[str, Any]:
    """Return the targets, by their names; what leads the inputs has to be there before them."""
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - see above

    return TARGETS


class TooLong(Exception):  # noqa: N818 - it names what happened
    """An input took too long."""


def _on_alarm(*_: Any) -> None:
    raise TooLong(f"more than {_LONGEST_S} s")


def check(name: str, data: bytes) -> str:
    """Give an input to a target; return what went wrong, empty if nothing did."""
    signal.setitimer(signal.ITIMER_REAL, _LONGEST_S)
    try:
        targets()[name].check(data)
    except BaseException as error:  # whatever it is, it is what is looked for
        if isinstance(error, KeyboardInterrupt):
            raise
        return "".join(traceback.format_exception(error, limit=-6))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return ""


def keep(name: str, data: bytes) -> Path:
    """Write an input down; return where."""
    path = FAILED / name / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def run(name: str, runs: int, seed: int) -> dict[str, Any]:
    """Give mutations of a target's seeds to it; return what was counted."""
    rng = random.Random(f"{name} {seed}")
    right = targets()[name].seeds()
    places: dict[str, int] = {}
    started = time.monotonic()
    for _ in range(runs):
        data = rng.choice(right)
        if rng.random() < 0.05:
            data = data[: rng.randrange(len(data) + 1)] + rng.choice(right)
        data = mutated(data, drawn(rng))
        said = check(name, data)
        if not said:
            continue
        place = said.splitlines()[-1][:80] + said.split('File "')[-1].partition("\n")[0]
        places[place] = places.get(place, 0) + 1
        if places[place] <= _KEPT:
            sys.stdout.write(f"{keep(name, data)}\n{said}\n")
    seconds = round(time.monotonic() - started)
    return {"target": name, "runs": runs, "seed": seed, "seconds": seconds, "failed": places}


def run_atheris(name: str, runs: int, seed: int) -> None:
    """Let atheris lead; it ends the process."""
    import atheris  # noqa: PLC0415 - not in every environment

    with atheris.instrument_imports(include=["nautilus_paradex"]):
        chosen = targets()[name]
    folder = FAILED / f"{name}-corpus"
    folder.mkdir(parents=True, exist_ok=True)
    for data in chosen.seeds():
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)

    def one(data: bytes) -> None:
        said = check(name, data)
        if said:
            sys.stdout.write(f"{keep(name, data)}\n{said}\n")
            raise AssertionError(said)

    options = [f"-runs={runs}", f"-seed={seed}", "-rss_limit_mb=4096", "-max_len=8192"]
    atheris.Setup([sys.argv[0], *options, str(folder)], one)
    atheris.Fuzz()


def main() -> int:
    """Run what the command line says; the exit code is 1 if any input failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", default=[], help="targets; all where none")
    parser.add_argument("--runs", type=int, default=1_000_000, help="inputs, over all targets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--atheris", action="store_true", help="let atheris lead, for one target")
    parser.add_argument("--again", type=Path, help="an input that was written down")
    chosen = parser.parse_args()
    signal.signal(signal.SIGALRM, _on_alarm)
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    if chosen.again is not None:
        said = check(chosen.again.parent.name, chosen.again.read_bytes())
        sys.stdout.write(said or "nothing is wrong\n")
        return bool(said)
    if chosen.atheris:
        run_atheris(chosen.names[0], chosen.runs, chosen.seed)
    names = chosen.names or list(targets())
    failed = 0
    for name in names:
        counted = run(name, chosen.runs // len(names), chosen.seed)
        failed += sum(counted["failed"].values())
        sys.stdout.write(json.dumps(counted) + "\n")
        sys.stdout.flush()
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
