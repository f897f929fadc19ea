"""Where less memory is allowed than the libraries take to begin with, it is said before they end the program."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from kitten_tui.sources.errors import SourceError
from kitten_tui.threads import VARIABLES

LEAST, ENOUGH = 160_000_000, 1_000_000_000
"""Bytes without which NumPy does not begin, and with which it begins with any number of threads."""


def check_memory() -> None:
    """One thread where memory is short, since each takes some for itself; it must be said before NumPy is loaded.

    Raises:
        SourceError: there is less than NumPy takes to begin.
    """
    allowed = _allowed()
    if allowed is None or "numpy" in sys.modules:
        return
    if allowed < LEAST:
        raise SourceError(
            f"memory: expected a limit of {LEAST // 1_000_000} MB at least, found one of {allowed // 1_000_000} MB"
        )
    if allowed < ENOUGH:
        os.environ.update({name: "1" for name in VARIABLES if name not in os.environ})


def _allowed() -> int | None:
    """Bytes that this process may have; None where nobody says."""
    with suppress(ImportError, OSError, ValueError, AttributeError):
        import resource

        limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
        return min((limit for limit in limits if limit != resource.RLIM_INFINITY), default=None)
    return None
