"""The published ways to stretch rotary positions, against their formulas written pair by pair."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from kitten_tui.core.rotary import Rope

WIDTH = 16
BASES = (500.0, 10_000.0, 500_000.0)


def frequencies(kind: str, base: float, limit: int, n: int, **numbers: Any) -> np.ndarray:
    return Rope(base, WIDTH, kind, limit, numbers).rotation(n).frequencies


def factor(kind: str, limit: int, n: int, **numbers: Any) -> float:
    return Rope(10_000.0, WIDTH, kind, limit, numbers).rotation(n).factor


def plain(base: float) -> list[float]:
    """θ_d = base^(−2d/|D|): RoFormer, equation 15."""
    return [base ** (-2.0 * d / WIDTH) for d in range(WIDTH // 2)]


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("high", [2.0, 4.0])
@pytest.mark.parametrize("old", [64.0, 8192.0])
def test_llama3_squeezes_long_waves_and_leaves_short_ones(base: float, high: float, old: float) -> None:
    """By wavelength: shorter than old / high stays, longer than old / low is divided, and between them it is mixed."""
    expected = []
    for theta in plain(base):
        wavelength = 2.0 * math.pi / theta
        if wavelength < old / high:
            expected.append(theta)
        elif wavelength > old / 1.0:
            expected.append(theta / 8.0)
        else:
            smooth = (old / wavelength - 1.0) / (high - 1.0)
            expected.append((1.0 - smooth) * theta / 8.0 + smooth * theta)
    numbers = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": high, "original_max_position_embeddings": old}
    assert frequencies("llama3", base, 131072, 10, **numbers) == pytest.approx(np.array(expected), rel=1e-12)


@pytest.mark.parametrize("truncate", [True, False])
@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("old", [8.0, 64.0, 4096.0, 1e9])
def test_yarn_goes_straight_from_pairs_that_turn_often_to_pairs_that_hardly_turn(
    base: float, old: float, truncate: bool
) -> None:
    """The correction range of the published code: ends of the passage by beta, held inside the pairs."""

    def end(turns: float) -> float:
        return WIDTH * math.log(old / (turns * 2 * math.pi)) / (2 * math.log(base))

    low, high = end(32.0), end(1.0)
    if truncate:
        low, high = math.floor(low), math.ceil(high)
    low = 0.0 if low < 0.0 else low
    high = WIDTH - 1.0 if high > WIDTH - 1.0 else high
    if low == high:
        high += 0.001
    expected = []
    for d, theta in enumerate(plain(base)):
        ramp = (d - low) / (high - low)
        ramp = 0.0 if ramp < 0.0 else 1.0 if ramp > 1.0 else ramp
        expected.append(theta / 4.0 * ramp + theta * (1.0 - ramp))
    numbers = {"factor": 4.0, "original_max_position_embeddings": old, "truncate": truncate}
    assert frequencies("yarn", base, 32768, 10, **numbers) == pytest.approx(np.array(expected), rel=1e-12)


@pytest.mark.parametrize("fast", [1.0, 32.0])
def test_yarn_takes_its_ends_from_the_file(fast: float) -> None:
    ends = [math.log(4096 / (turns * 2 * math.pi)) * WIDTH / (2 * math.log(10_000.0)) for turns in (fast, 0.5)]
    low, high = math.floor(ends[0]), min(math.ceil(ends[1]), WIDTH - 1)
    ramp = [min(max((d - low) / (high - low), 0.0), 1.0) for d in range(WIDTH // 2)]
    expected = [theta * (1.0 - r + r / 4.0) for theta, r in zip(plain(10_000.0), ramp, strict=True)]
    numbers = {"factor": 4.0, "original_max_position_embeddings": 4096, "beta_fast": fast, "beta_slow": 0.5}
    assert frequencies("yarn", 10_000.0, 16384, 10, **numbers) == pytest.approx(np.array(expected), rel=1e-12)


def test_yarn_sharpens_by_the_logarithm_of_its_factor() -> None:
    old = {"original_max_position_embeddings": 4096}
    assert factor("yarn", 16384, 10, **old) == pytest.approx(0.1 * math.log(4.0) + 1.0)
    assert factor("yarn", 16384, 10, factor=8.0, **old) == pytest.approx(0.1 * math.log(8.0) + 1.0)
    assert factor("yarn", 16384, 10, factor=1.0, **old) == 1.0
    assert factor("yarn", 16384, 10, factor=0.5, **old) == 1.0
    assert factor("yarn", 16384, 10, attention_factor=1.25, **old) == 1.25
    both = {"factor": 4.0, "mscale": 1.0, "mscale_all_dim": 0.5}
    expected = (0.1 * math.log(4.0) + 1.0) / (0.05 * math.log(4.0) + 1.0)
    assert factor("yarn", 16384, 10, **both, **old) == pytest.approx(expected)
    assert factor("yarn", 16384, 10, factor=4.0, mscale=2.0, **old) == pytest.approx(0.1 * math.log(4.0) + 1.0)


@pytest.mark.parametrize("n", [1, 31, 32, 33, 64, 100])
def test_dynamic_grows_the_base_beyond_the_length_of_the_training_alone(n: int) -> None:
    """NTK: base (factor n / limit − (factor − 1))^(|D| / (|D| − 2)); a shorter text counts as one of that length."""
    base = 10_000.0
    if n > 32:
        base *= (2.5 * n / 32 - 1.5) ** (WIDTH / (WIDTH - 2))
    assert frequencies("dynamic", 10_000.0, 32, n, factor=2.5) == pytest.approx(np.array(plain(base)), rel=1e-12)
    assert factor("dynamic", 32, n, factor=2.5) == 1.0


@pytest.mark.parametrize(("n", "which"), [(1, "short"), (32, "short"), (33, "long"), (64, "long")])
def test_longrope_takes_the_long_list_beyond_the_old_length(n: int, which: str) -> None:
    lists = {"short": [1.0 + 0.1 * d for d in range(8)], "long": [2.0 + d for d in range(8)]}
    numbers = {"original_max_position_embeddings": 32, "short_factor": lists["short"], "long_factor": lists["long"]}
    expected = [theta / each for theta, each in zip(plain(10_000.0), lists[which], strict=True)]
    assert frequencies("longrope", 10_000.0, 128, n, **numbers) == pytest.approx(np.array(expected), rel=1e-12)


def test_longrope_sharpens_by_how_much_longer_texts_may_be() -> None:
    numbers = {"original_max_position_embeddings": 32, "short_factor": [1.0] * 8, "long_factor": [1.0] * 8}
    assert factor("longrope", 128, 1, **numbers) == pytest.approx(math.sqrt(1.0 + math.log(4.0) / math.log(32.0)))
    assert factor("longrope", 128, 1, factor=16.0, **numbers) == pytest.approx(
        math.sqrt(1 + math.log(16) / math.log(32))
    )
    assert factor("longrope", 32, 1, **numbers) == 1.0
    assert factor("longrope", 16, 1, **numbers) == 1.0
    assert factor("longrope", 128, 1, attention_factor=1.5, **numbers) == 1.5


def test_linear_squeezes_every_pair_alike() -> None:
    expected = [theta / 4.0 for theta in plain(10_000.0)]
    assert frequencies("linear", 10_000.0, 32, 10, factor=4.0) == pytest.approx(np.array(expected), rel=1e-12)


@pytest.mark.parametrize("high", [0.5, 1.0])
def test_llama3_needs_a_passage_between_fast_and_slow(high: float) -> None:
    numbers = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": high, "original_max_position_embeddings": 32}
    with pytest.raises(ValueError, match=f"high_freq_factor above 1, found {high:g}"):
        frequencies("llama3", 10_000.0, 128, 10, **numbers)
