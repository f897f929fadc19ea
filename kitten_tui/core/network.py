"""What stands around attention in a transformer: projections, norms, the functions of the feed-forward network."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.trace import Given, Value


def project(x: Array, w: Array, b: Array | None = None) -> Array:
    """Through a trainable matrix: x W + b.  [token, n], [n, m], [m] -> [token, m]"""
    y = x @ w  # [token, m]
    if b is not None:
        y += b  # [token, m]
    return y


@dataclass(frozen=True, eq=False)
class Norm:
    """What brings vectors to one size, all at once; `transformer.norm_lines` has it step by step.

    LayerNorm: Ba et al. (2016). RMSNorm: Zhang and Sennrich (2019); it takes no mean off.
    """

    gain: Array
    """γ. [n]"""
    bias: Array | None
    """β. [n]"""
    eps: float
    rms: bool = False
    from_one: bool = False
    """Whether 1 is added to the gain."""

    def __call__(self, before: Array) -> Array:
        """(before − μ) / σ · γ + β.  [..., n] -> [..., n]"""
        after: Array = before.copy() if self.rms else before - before.mean(axis=-1, keepdims=True)  # [..., n]
        spread = np.sqrt(np.square(after).mean(axis=-1, keepdims=True) + np.float32(self.eps))  # [..., 1]
        after /= spread  # [..., n]
        after *= self.gain + np.float32(1.0) if self.from_one else self.gain  # [..., n]
        if self.bias is not None:
            after += self.bias  # [..., n]
        return after

    def held(self, part: Array, at: Array) -> Array:
        """What a part of a vector becomes where the norm has the size it has for the whole; the bias is of no part.

        part [..., n], at [n] -> [..., n]
        """
        after = at if self.rms else at - at.mean()  # [n]
        spread = np.sqrt(np.square(after).mean() + np.float32(self.eps))
        centred = part if self.rms else part - part.mean(axis=-1, keepdims=True)  # [..., n]
        return np.asarray(centred / spread * (self.gain + np.float32(1.0) if self.from_one else self.gain))

    def given(self, name: str) -> dict[str, Value]:
        """What the lines of a norm whose result has this name are given."""
        numbers: dict[str, Value] = {
            f"{name}_trained" if self.from_one else f"{name}_gain": self.gain,
            f"{name}_eps": Given(lambda: self.eps, symbol=lambda: f"{self.eps:g}"),
        }
        return numbers if self.bias is None else numbers | {f"{name}_bias": self.bias}


# Abramowitz and Stegun, 7.1.26: erf to 1.5e-7, the precision of the numbers it is used on.
_ERF = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


def erf(x: Array) -> Array:
    """The error function."""
    size = np.abs(x)
    t = size * 0.3275911
    t += 1.0
    np.reciprocal(t, out=t)
    series = t * _ERF[-1]
    for coefficient in _ERF[-2::-1]:
        series += coefficient
        series *= t
    np.square(size, out=size)
    np.negative(size, out=size)
    np.exp(size, out=size)
    series *= size
    np.subtract(1.0, series, out=series)
    return np.asarray(np.copysign(series, x, out=series))


def gelu(x: Array) -> Array:
    """x Φ(x). Hendrycks and Gimpel (2016)."""
    share = erf(x * math.sqrt(0.5))
    share += 1.0
    share *= x
    share *= 0.5
    return share


def gelu_tanh(x: Array) -> Array:
    """The same by a tangent, as GPT-2 has it."""
    inner = x * x
    inner *= 0.044715
    inner += 1.0
    inner *= x
    inner *= math.sqrt(2.0 / math.pi)
    np.tanh(inner, out=inner)
    inner += 1.0
    inner *= x
    inner *= 0.5
    return inner


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^(−x)), by a tangent that does not overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


def silu(x: Array) -> Array:
    return x * sigmoid(x)


def quick_gelu(x: Array) -> Array:
    return x * sigmoid(1.702 * x)


def relu(x: Array) -> Array:
    return np.maximum(x, 0.0)


def gelu_clipped(x: Array) -> Array:
    return np.clip(gelu(x), -10.0, 10.0)


def relu6(x: Array) -> Array:
    return np.clip(x, 0.0, 6.0)


def relu_squared(x: Array) -> Array:
    return np.square(relu(x))


def leaky_relu(x: Array) -> Array:
    return np.where(x > 0.0, x, x * np.asarray(0.01, dtype=x.dtype))


def hard_swish(x: Array) -> Array:
    return x * relu6(x + 3.0) / 6.0


def softplus(x: Array) -> Array:
    """ln(1 + e^x), which does not overflow."""
    return np.asarray(np.logaddexp(x, np.zeros_like(x)))


def root_softplus(x: Array) -> Array:
    return np.sqrt(softplus(x))


def mish(x: Array) -> Array:
    """Misra (2019)."""
    return x * np.tanh(softplus(x))


def laplace(x: Array) -> Array:
    """A relu2 with bounds. Ma et al., "Mega" (2022)."""
    return np.asarray(0.5 * (1.0 + erf((x - 0.707107) / (0.282095 * math.sqrt(2.0)))))


def linear(x: Array) -> Array:
    return x


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "gelu": gelu,
    "gelu_python": gelu,
    "gelu_10": gelu_clipped,
    "gelu_new": gelu_tanh,
    "gelu_fast": gelu_tanh,
    "gelu_accurate": gelu_tanh,
    "gelu_pytorch_tanh": gelu_tanh,
    "gelu_python_tanh": gelu_tanh,
    "quick_gelu": quick_gelu,
    "relu": relu,
    "relu2": relu_squared,
    "relu6": relu6,
    "leaky_relu": leaky_relu,
    "silu": silu,
    "swish": silu,
    "hardswish": hard_swish,
    "mish": mish,
    "sqrtsoftplus": root_softplus,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "laplace": laplace,
    "linear": linear,
}
"""By the names of transformers' table; those it has besides learn numbers of their own."""
