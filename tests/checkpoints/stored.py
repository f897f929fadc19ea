"""The tiny checkpoints, and what transformers computed from each."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

CHECKPOINTS = Path(__file__).parent
NAMES = sorted(path.parent.name for path in CHECKPOINTS.glob("*/expected.npz"))
NEAR = 1e-4


@cache
def expected(name: str) -> dict[str, np.ndarray]:
    with np.load(CHECKPOINTS / name / "expected.npz", allow_pickle=False) as file:
        return dict(file)


FAMILIES = CHECKPOINTS / "families"
FAMILY_NAMES = sorted(path.parent.name for path in FAMILIES.glob("*/expected.npz"))


@cache
def stored_family(name: str) -> dict[str, np.ndarray]:
    with np.load(FAMILIES / name / "expected.npz", allow_pickle=False) as file:
        return dict(file)
