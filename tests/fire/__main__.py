"""``python -m tests.fire --minutes N --seed S``: what was tried, what failed, and how to try it again."""

from __future__ import annotations

import argparse
import contextlib
import io
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent))  # where the tests look too

from kinds import KINDS
from painted import COMPARED


def attempt(kind: str, seed: int, number: int) -> int:
    """Tries one input; how many it was."""
    return KINDS[kind](Random(f"{kind} {seed} {number}"))


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.fire", description=__doc__)
    options.add_argument("--minutes", type=float, default=1.0, help="how long (default: 1)")
    options.add_argument("--seed", type=int, default=0, help="where to begin (default: 0)")
    options.add_argument("--only", choices=KINDS, help="one kind of input")
    options.add_argument("--number", type=int, help="with --only: one input")
    arguments = options.parse_args()
    if arguments.only and arguments.number is not None:
        attempt(arguments.only, arguments.seed, arguments.number)
        return 0
    kinds = [arguments.only] if arguments.only else list(KINDS)
    tried: Counter[str] = Counter()
    failed = 0
    numbers = dict.fromkeys(kinds, 0)
    spent = dict.fromkeys(kinds, 0.0)
    end = time.monotonic() + arguments.minutes * 60.0
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    while time.monotonic() < end:
        kind = min(kinds, key=lambda kind: spent[kind])  # each gets the same time
        start = time.monotonic()
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                tried[kind] += attempt(kind, arguments.seed, numbers[kind])
        except KeyboardInterrupt:  # what was tried so far counts
            break
        except Exception as error:
            failed += 1
            place = traceback.extract_tb(error.__traceback__)[-1]
            print(
                f"FAILED  --seed {arguments.seed} --only {kind} --number {numbers[kind]}: {type(error).__name__}:",
                end=" ",
            )
            print(f"{ascii(str(error))[:200]} ({place.filename}:{place.lineno})", flush=True)
        numbers[kind] += 1
        spent[kind] += time.monotonic() - start
    for kind in kinds:
        print(f"{kind}: {tried[kind]:,} tried in {spent[kind]:.0f} s")
    print(f"{sum(COMPARED.values()):,} painted numbers of {len(COMPARED)} quantities held against the trace")
    print(f"{sum(tried.values()):,} tried, {failed} failed, seed {arguments.seed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
