"""What GPT-2 has around attention, there and back: norms and a feed-forward network."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kitten_tui.core.network import gelu_tanh
from kitten_tui.core.ops import Array
from kitten_tui.sources.training.shape import Parameters

EPS = 1e-5


@dataclass(frozen=True, eq=False)
class Normed:
    """A LayerNorm that was passed."""

    y: Array
    """[token, d_model]"""
    unit: Array
    """Less its mean, over its spread. [token, d_model]"""
    spread: Array
    """[token, 1]"""


@dataclass(frozen=True, eq=False)
class FeedForward:
    """A feed-forward network that was passed."""

    stream: Array
    """What leaves it, with what entered. [token, d_model]"""
    normed: Normed
    before: Array
    """[token, d_hidden]"""
    hidden: Array
    """[token, d_hidden]"""


def normed(x: Array, gain: Array, bias: Array) -> Normed:
    """[token, d_model], [d_model], [d_model]"""
    centred = x - x.mean(axis=-1, keepdims=True)  # [token, d_model]
    spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + x.dtype.type(EPS))  # [token, 1]
    unit = centred / spread  # [token, d_model]
    return Normed(unit * gain + bias, unit, spread)


def normed_back(passed: Normed, back: Array, gain: Array, gradient: Parameters, names: tuple[str, str]) -> Array:
    """To what entered a norm; `names` are those of γ and β.  [token, d_model], …, [d_model] -> [token, d_model]"""
    gradient[names[0]][...] = (back * passed.unit).sum(axis=0)
    gradient[names[1]][...] = back.sum(axis=0)
    unit = back * gain  # [token, d_model]
    unit -= unit.mean(axis=-1, keepdims=True) + passed.unit * (unit * passed.unit).mean(axis=-1, keepdims=True)
    unit /= passed.spread
    return unit


def feed_forward(parameters: Parameters, layer: int, stream: Array) -> FeedForward:
    """[token, d_model] -> …"""
    w_up, b_up, w_down, b_down = (parameters[f"{name}.{layer}"] for name in ("w_up", "b_up", "w_down", "b_down"))
    norm = normed(stream, parameters[f"middle_gain.{layer}"], parameters[f"middle_bias.{layer}"])
    before = norm.y @ w_up + b_up  # [token, d_hidden]
    hidden = gelu_tanh(before)  # [token, d_hidden]
    return FeedForward(stream + hidden @ w_down + b_down, norm, before, hidden)


def feed_forward_back(
    parameters: Parameters, gradient: Parameters, layer: int, passed: FeedForward, back: Array
) -> Array:
    """[token, d_model] -> [token, d_model]"""
    gradient[f"b_down.{layer}"][...] = back.sum(axis=0)
    np.matmul(passed.hidden.T, back, out=gradient[f"w_down.{layer}"])
    before = (back @ parameters[f"w_down.{layer}"].T) * gelu_slope(passed.before)  # [token, d_hidden]
    gradient[f"b_up.{layer}"][...] = before.sum(axis=0)
    np.matmul(passed.normed.y.T, before, out=gradient[f"w_up.{layer}"])
    entered = before @ parameters[f"w_up.{layer}"].T  # [token, d_model]
    names = (f"middle_gain.{layer}", f"middle_bias.{layer}")
    return back + normed_back(passed.normed, entered, parameters[names[0]], gradient, names)


def gelu_slope(x: Array) -> Array:
    """The derivative of GELU by a tangent."""
    root = math.sqrt(2.0 / math.pi)
    tangent = np.tanh(root * (x + 0.044715 * x * x * x))
    inner = root * (1.0 + 3.0 * 0.044715 * x * x)
    return np.asarray(0.5 * (1.0 + tangent) + 0.5 * x * (1.0 - tangent * tangent) * inner)
