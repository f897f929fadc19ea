"""What stands around attention: norms, the functions of the feed-forward network, rotary positions."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from kitten_tui.core.chain import Chain
from kitten_tui.core.network import ACTIVATIONS, Norm, erf
from kitten_tui.core.quantity import Scope, quantity
from kitten_tui.core.rotary import SCALINGS, Rope, Rotation
from kitten_tui.core.trace import Trace
from kitten_tui.core.transformer import Kind, layer_chain, norm_lines

POINTS = np.linspace(-6.0, 6.0, 2001)

ACTIVATED = {
    "gelu": lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))),
    "gelu_new": lambda x: 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "quick_gelu": lambda x: x / (1 + math.exp(-1.702 * x)),
    "silu": lambda x: x / (1 + math.exp(-x)),
    "relu": lambda x: max(x, 0.0),
    "gelu_10": lambda x: min(max(x * 0.5 * (1 + math.erf(x / math.sqrt(2))), -10.0), 10.0),
    "relu2": lambda x: max(x, 0.0) ** 2,
    "relu6": lambda x: min(max(x, 0.0), 6.0),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "hardswish": lambda x: x * min(max(x + 3, 0.0), 6.0) / 6,
    "mish": lambda x: x * math.tanh(math.log1p(math.exp(x))),
    "sqrtsoftplus": lambda x: math.sqrt(math.log1p(math.exp(x))),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": math.tanh,
    "laplace": lambda x: 0.5 * (1 + math.erf((x - 0.707107) / (0.282095 * math.sqrt(2)))),
    "linear": lambda x: x,
}
SAME = {
    "gelu_python": "gelu",
    "gelu_fast": "gelu_new",
    "gelu_accurate": "gelu_new",
    "gelu_pytorch_tanh": "gelu_new",
    "gelu_python_tanh": "gelu_new",
    "swish": "silu",
}
FAR = {
    "gelu_10": (0.0, 10.0),
    "relu2": (0.0, 1e8),
    "relu6": (0.0, 6.0),
    "leaky_relu": (-1e2, 1e4),
    "sqrtsoftplus": (0.0, 1e2),
    "sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "laplace": (0.0, 1.0),
    "linear": (-1e4, 1e4),
}
"""Far from 0 on both sides, where that is not 0 and the number itself."""

every = pytest.mark.parametrize("name", ACTIVATIONS)


def vectors(*shape: int) -> np.ndarray:
    return np.random.RandomState(4).normal(size=shape)


def test_the_error_function_is_that_of_the_library():
    assert erf(POINTS) == pytest.approx([math.erf(x) for x in POINTS], abs=3e-7)


def test_the_error_function_is_odd():
    assert (erf(-POINTS) == -erf(POINTS)).all()


@every
def test_an_activation_follows_its_formula(name):
    wanted = [ACTIVATED[SAME.get(name, name)](x) for x in POINTS]
    assert ACTIVATIONS[name](POINTS) == pytest.approx(wanted, abs=1e-6)


@every
def test_an_activation_keeps_the_type_of_its_numbers(name):
    assert ACTIVATIONS[name](POINTS.astype(np.float32)).dtype == np.float32


@every
def test_an_activation_leaves_what_it_is_given(name):
    given = POINTS.copy()
    ACTIVATIONS[name](given)
    assert (given == POINTS).all()


@every
def test_an_activation_does_not_overflow(name):
    wanted = FAR.get(name, (0.0, 1e4))
    assert ACTIVATIONS[name](np.array([-1e4, 1e4], dtype=np.float32)) == pytest.approx(wanted, rel=1e-6, abs=1e-6)


# Norms


BEFORE, AFTER = (quantity(name, name, "token n", scope=Scope.SHARED) for name in ("before", "after"))
GIVEN = vectors(4, 6) * 2 + 1


def norm(rms: bool) -> Norm:
    return Norm(1 + vectors(6) / 5, None if rms else vectors(6) / 3, 1e-2, rms)


def at_once(norm: Norm, before: np.ndarray) -> np.ndarray:
    return norm(before)


def traced(norm: Norm, before: np.ndarray) -> Trace:
    chain = Chain((BEFORE, *norm_lines(AFTER, BEFORE, rms=norm.rms)))
    return Trace(chain, {"before": before, **norm.given("after")}, (Scope.SHARED,), sizes={"token": len(before)})


def by_lines(norm: Norm, before: np.ndarray) -> np.ndarray:
    return traced(norm, before)["after"]


both_ways = pytest.mark.parametrize("normed", [at_once, by_lines])


@both_ways
def test_a_layer_norm_takes_off_the_mean_and_divides_by_the_spread(normed):
    norm_, after = norm(rms=False), normed(norm(rms=False), GIVEN)
    for token, row in enumerate(GIVEN):
        mean = sum(row) / 6
        spread = math.sqrt(sum((x - mean) ** 2 for x in row) / 6 + 1e-2)
        wanted = [(x - mean) / spread * gain + bias for x, gain, bias in zip(row, norm_.gain, norm_.bias, strict=True)]
        assert after[token] == pytest.approx(wanted)


@both_ways
def test_an_rms_norm_divides_by_the_root_of_the_mean_square(normed):
    gains, after = norm(rms=True).gain, normed(norm(rms=True), GIVEN)
    for token, row in enumerate(GIVEN):
        root = math.sqrt(sum(x * x for x in row) / 6 + 1e-2)
        assert after[token] == pytest.approx([x / root * gain for x, gain in zip(row, gains, strict=True)])


def test_an_rms_norm_has_no_mean():
    assert "after_mean" not in traced(norm(rms=True), GIVEN).chain
    assert traced(norm(rms=False), GIVEN).has("after_mean")


@both_ways
@pytest.mark.parametrize("rms", [False, True])
def test_what_is_normed_without_a_gain_has_the_size_1(normed, rms):
    after = normed(Norm(np.ones(6), None, 0.0, rms), vectors(4, 6))
    assert np.square(after).mean(axis=-1) == pytest.approx(1.0)


@both_ways
@pytest.mark.parametrize("rms", [False, True])
def test_a_vector_of_nothing_can_be_normed(normed, rms):
    assert normed(Norm(np.ones(6), None, 1e-6, rms), np.zeros((1, 6))).tolist() == [[0.0] * 6]


@pytest.mark.parametrize("rms", [False, True])
def test_a_norm_leaves_what_it_is_given(rms):
    before = GIVEN.copy()
    norm(rms)(before)
    assert (before == GIVEN).all()


# Rotary positions

N, WIDTH, BASE, LIMIT = 12, 8, 100.0, 64
LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
YARN = {"factor": 4.0, "original_max_position_embeddings": 32, "beta_fast": 2.0, "beta_slow": 0.5}
LONG = {"short_factor": [1, 1.1, 1.2, 1.3], "long_factor": [1, 1.5, 3, 6], "original_max_position_embeddings": 8}


def rotation(kind: str = "default", n: int = N, limit: int = LIMIT, **numbers: object) -> Rotation:
    return Rope(BASE, WIDTH, kind, limit, numbers).rotation(n)


def plain(base: float = BASE) -> list[float]:
    return [base ** (-2 * pair / WIDTH) for pair in range(WIDTH // 2)]


def test_turning_keeps_the_length_of_a_vector():
    given = vectors(N, WIDTH)
    assert np.linalg.norm(rotation()(given), axis=1) == pytest.approx(np.linalg.norm(given, axis=1))


def test_how_well_two_turned_vectors_align_depends_on_their_distance_alone():
    q, k = (np.tile(vector, (N, 1)) for vector in vectors(2, WIDTH))
    scores = rotation()(q) @ rotation()(k).T
    for distance in range(1 - N, N):
        assert np.ptp(scores.diagonal(distance)) < 1e-12


def test_the_first_token_is_not_turned():
    given = vectors(N, WIDTH)
    assert rotation()(given)[0].tolist() == given[0].tolist()


def test_dimensions_beyond_the_width_stay():
    given = vectors(N, WIDTH + 5)
    assert (rotation()(given)[:, WIDTH:] == given[:, WIDTH:]).all()


def test_each_pair_is_turned_by_its_own_angle():
    turned, given = rotation()(vectors(N, WIDTH)), vectors(N, WIDTH)
    for token, pair in np.ndindex(N, WIDTH // 2):
        one = complex(given[token, pair], given[token, pair + WIDTH // 2])
        wanted = one * np.exp(1j * token * plain()[pair])
        assert (turned[token, pair], turned[token, pair + WIDTH // 2]) == pytest.approx((wanted.real, wanted.imag))


@pytest.mark.parametrize(("dimension", "sign"), [(2, -1), (2 + WIDTH // 2, 1)])
def test_both_dimensions_of_a_pair_have_one_angle(dimension, sign):
    given, angle = rotation().given(WIDTH), 5 * plain()[2]
    assert given["cos"].whole()[5, dimension] == pytest.approx(math.cos(angle))
    assert given["sin"].whole()[5, dimension] == pytest.approx(sign * math.sin(angle))
    assert given["cos"].symbol(5, dimension) == f"cos {angle:.3g}"
    assert given["sin"].symbol(5, dimension) == ("-" if sign < 0 else "") + f"sin {angle:.3g}"


@pytest.mark.parametrize("width", [WIDTH, WIDTH + 5])
@pytest.mark.parametrize("kind", ["default", "yarn"])
@pytest.mark.parametrize("interleaved", [False, True])
def test_the_line_of_a_turned_vector_turns_it_as_all_at_once(kind, width, interleaved):
    turn, given = replace(rotation(kind, **YARN), interleaved=interleaved), vectors(N, width)
    chain = layer_chain(Kind(first=True, rms=True, rotary=True))
    for role in "qk":
        trace = Trace(chain, {f"{role}_projected": given, **turn.given(width)}, (Scope.HEAD,), sizes={"query": N})
        assert trace[role] == pytest.approx(turn(given), rel=1e-6, abs=1e-6)


def test_a_factor_multiplies_what_is_turned():
    turned = rotation("yarn", **YARN, attention_factor=1.5)
    given = vectors(N, WIDTH)
    assert np.linalg.norm(turned(given), axis=1) == pytest.approx(1.5 * np.linalg.norm(given, axis=1))


def test_turning_keeps_the_type_of_the_numbers():
    assert rotation()(vectors(N, WIDTH).astype(np.float32)).dtype == np.float32


def test_by_default_frequencies_are_powers_of_the_base():
    assert rotation().frequencies == pytest.approx(plain())


def test_linear_scaling_divides_every_frequency():
    assert rotation("linear", factor=4.0).frequencies == pytest.approx([one / 4 for one in plain()])


def test_dynamic_scaling_leaves_a_text_within_the_limit():
    assert rotation("dynamic", n=LIMIT, factor=4.0).frequencies == pytest.approx(plain())


def test_dynamic_scaling_has_a_larger_base_for_a_longer_text():
    base = BASE * (4.0 * 96 / LIMIT - 3.0) ** (WIDTH / (WIDTH - 2))
    assert rotation("dynamic", n=96, factor=4.0).frequencies == pytest.approx(plain(base))


def test_llama3_scaling_goes_by_the_wavelength():
    def scaled(frequency: float) -> float:
        length = 2 * math.pi / frequency
        if length < 32 / 4.0:
            return frequency
        if length > 32 / 1.0:
            return frequency / 8.0
        smooth = (32 / length - 1.0) / (4.0 - 1.0)
        return (1 - smooth) * frequency / 8.0 + smooth * frequency

    found = rotation("llama3", **LLAMA3).frequencies
    assert found == pytest.approx([scaled(frequency) for frequency in plain()])


@pytest.mark.parametrize("truncate", [True, False])
def test_yarn_scaling_passes_from_whole_to_squeezed_over_the_pairs(truncate):
    def pair(turns: float) -> float:
        return WIDTH * math.log(32 / (turns * 2 * math.pi)) / (2 * math.log(BASE))

    first, last = (math.floor(pair(2.0)), math.ceil(pair(0.5))) if truncate else (pair(2.0), pair(0.5))
    squeezed = [min(max((place - first) / (last - first), 0.0), 1.0) for place in range(WIDTH // 2)]
    wanted = [one * (1 - share) + one / 4 * share for one, share in zip(plain(), squeezed, strict=True)]
    assert rotation("yarn", **YARN, truncate=truncate).frequencies == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("numbers", "factor"),
    [
        ({}, 0.1 * math.log(4) + 1),
        ({"mscale": 1.0, "mscale_all_dim": 0.5}, (0.1 * math.log(4) + 1) / (0.05 * math.log(4) + 1)),
        ({"mscale": 1.0, "mscale_all_dim": 1.0}, 1.0),
        ({"factor": 1.0}, 1.0),
        ({"attention_factor": 1.3}, 1.3),
    ],
    ids=["by the factor", "by two scales", "two of the same", "no factor", "given"],
)
def test_yarn_sharpens_attention(numbers, factor):
    assert rotation("yarn", **YARN | numbers).factor == pytest.approx(factor)


@pytest.mark.parametrize(("n", "which"), [(8, "short_factor"), (9, "long_factor")])
def test_longrope_divides_each_frequency_by_its_own_factor_by_the_length_of_the_text(n, which):
    wanted = [one / factor for one, factor in zip(plain(), LONG[which], strict=True)]
    assert rotation("longrope", n, **LONG).frequencies == pytest.approx(wanted)


@pytest.mark.parametrize("limit", [64, 32])
def test_longrope_sharpens_attention_by_how_far_the_text_was_stretched(limit):
    wanted = math.sqrt(1 + math.log(limit / 8) / math.log(8))
    assert rotation("longrope", limit=limit, **LONG).factor == pytest.approx(wanted)


@pytest.mark.parametrize("kind", sorted(set(SCALINGS) - {"yarn", "longrope"}))
def test_other_scalings_leave_attention_as_sharp_as_it_is(kind):
    assert rotation(kind, **LLAMA3).factor == 1.0


@pytest.mark.parametrize("kind", ["linear", "dynamic", "llama3", "longrope", "yarn"])
def test_a_scaling_without_its_numbers_says_so(kind):
    with pytest.raises(KeyError):
        rotation(kind)
