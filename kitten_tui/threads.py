"""How many threads multiply matrices: on a busy machine, threads that wait for one another are slower than one."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS")
"""What the libraries behind NumPy look at, once, when they are loaded."""
LOOKS, PAUSE = 3, 0.002


def choose(given: int | None = None) -> None:
    """Settles the number of threads; nothing is changed where somebody has settled it, or it is too late."""
    if "numpy" in sys.modules or (given is None and any(os.environ.get(name) for name in VARIABLES)):
        return
    count = str(fitting(cores(), busy()) if given is None else given)
    os.environ.update(dict.fromkeys(VARIABLES, count))


def fitting(cores: int, busy: float) -> int:
    """As many as there are cores that nobody else uses, and one at least."""
    return max(1, min(cores, round(cores - busy)))


def cores() -> int:
    """The cores that this program may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def busy() -> float:
    """How many others want a core just now; where no system says so, how many did in the last minute."""
    counts: list[int] = []
    for look in range(LOOKS):
        with suppress(OSError, ValueError, IndexError):
            running = Path("/proc/loadavg").read_text().split()[3].partition("/")[0]
            counts.append(int(running) - 1)  # this program is one of them
        if counts and look < LOOKS - 1:
            time.sleep(PAUSE)
    if counts:
        return float(max(counts))
    with suppress(OSError, AttributeError):
        return os.getloadavg()[0]
    return 0.0
