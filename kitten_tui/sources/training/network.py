"""The fast path of a training: a batch of sentences through all layers, and back.

What a layer computes is said by the chain, one number at a time; here is the same for whole batches. Heads are kept
apart: each has products of its own, of the same sizes, so that heads with equal numbers stay equal to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kitten_tui.core.array_types import Array, Places
from kitten_tui.sources.training.shape import Parameters

NEVER = -1e30
"""Finite, not −∞: what is far below every score is nothing after the softmax all the same."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Sentences of one length; shorter ones are filled up at their end, where nothing counts."""

    ids: Places
    """[sentence, token]"""
    targets: Places
    """What should be said after each token. [sentence, token]"""
    counted: Places
    """The places at which it counts, as numbers in a row of all tokens. [counted]"""
    link: Places
    """The key that a query has to find, −1 where there is none. [sentence, token]"""


@dataclass(frozen=True, eq=False)
class Passed:
    """What the way back needs of a layer."""

    x: Array
    """[sentence · token, d_model]"""
    roles: Array
    """q, k and v. [role, head, sentence, token, d_k]"""
    weights: Array
    """[head, sentence, query, key]"""
    context: Array
    """[head, sentence · token, d_k]"""


@dataclass(frozen=True, eq=False)
class Forward:
    """A batch after all layers."""

    last: Array
    """What the unembedding takes in. [sentence · token, d_model]"""
    layers: list[Passed]


def forward(parameters: Parameters, ids: Places) -> Forward:
    """All layers of a batch.  [sentence, token] -> …"""
    shape = parameters.shape
    sentences, tokens = ids.shape
    stream = parameters["embedding"][ids]  # [sentence, token, d_model]
    if shape.positions:
        stream += parameters["position"][:tokens]  # [sentence, token, d_model]
    stream = stream.reshape(sentences * tokens, shape.d_model)  # [sentence · token, d_model]
    layers: list[Passed] = []
    for layer in range(shape.n_layers):
        stream, passed = _layer(parameters, layer, stream, sentences, tokens)
        layers.append(passed)
    return Forward(stream, layers)


def _layer(parameters: Parameters, layer: int, x: Array, sentences: int, tokens: int) -> tuple[Array, Passed]:
    shape = parameters.shape
    heads, d_k = shape.n_heads, shape.d_k
    roles = x @ parameters.projections(layer)  # [role · head, sentence · token, d_k]
    roles = roles.reshape(3, heads, sentences, tokens, d_k)  # [role, head, sentence, token, d_k]
    q, k, v = roles  # [head, sentence, token, d_k]
    weights = _weights(q @ k.swapaxes(-1, -2), 1.0 / math.sqrt(d_k) if shape.scale else 1.0)
    context = (weights @ v).reshape(heads, -1, d_k)  # [head, sentence · token, d_k]
    w_o = parameters[f"w_o.{layer}"].reshape(heads * d_k, -1)  # [concat, d_model]
    after = beside(context) @ w_o  # [sentence · token, d_model]
    after += x
    return after, Passed(x, roles, weights, context)


def _weights(scores: Array, factor: float) -> Array:
    """The softmax of scores times a factor, the future covered.  [head, sentence, query, key]; takes the array."""
    if factor != 1.0:
        scores *= factor
    tokens = scores.shape[-1]
    scores += np.triu(np.full((tokens, tokens), NEVER, scores.dtype), 1)  # [query, key]
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def beside(heads: Array) -> Array:
    """The heads side by side.  [head, token, d_k] -> [token, concat]"""
    return heads.transpose(1, 0, 2).reshape(heads.shape[1], -1)


def said(parameters: Mapping[str, Array], last: Array, targets: Places) -> tuple[Array, Array]:
    """How likely each token of the vocabulary is, and −ln P of the one that should be said.

    [token, d_model], [token] -> [token, vocab], [token]
    """
    logits = last @ parameters["unembedding"].T  # [token, vocab]
    logits -= logits.max(axis=-1, keepdims=True)
    wanted = logits[np.arange(len(targets)), targets]  # [token]
    np.exp(logits, out=logits)
    total = logits.sum(axis=-1)  # [token]
    logits /= total[:, None]
    return logits, np.log(total) - wanted


def loss_and_gradient(parameters: Parameters, batch: Batch) -> tuple[float, Array]:
    """The mean of −ln P of what should be said, over the places that count, and its gradient.  -> …, [parameter]"""
    shape = parameters.shape
    went = forward(parameters, batch.ids)
    gradient = Parameters(shape, np.zeros(shape.size, parameters.flat.dtype))
    last = went.last[batch.counted]  # [counted, d_model]
    rows, targets = np.arange(len(last)), batch.targets.ravel()[batch.counted]  # [counted], [counted]
    logits, losses = said(parameters, last, targets)  # [counted, vocab], [counted]
    logits[rows, targets] -= 1.0  # ∂L/∂logit, but for the number of places
    logits /= len(last)
    np.matmul(logits.T, last, out=gradient["unembedding"])
    back = np.zeros_like(went.last)  # [sentence · token, d_model]
    back[batch.counted] = logits @ parameters["unembedding"]
    for layer in reversed(range(shape.n_layers)):
        back = _layer_back(parameters, gradient, layer, went.layers[layer], back)
    _add_rows(gradient["embedding"], batch.ids.ravel(), back)
    if shape.positions:
        sentences, tokens = batch.ids.shape
        gradient["position"][:tokens] = back.reshape(sentences, tokens, -1).sum(axis=0)
    return float(losses.mean(dtype=np.float64)), gradient.flat


def _layer_back(parameters: Parameters, gradient: Parameters, layer: int, passed: Passed, back: Array) -> Array:
    """From what leaves a layer to what enters it.  [sentence · token, d_model] -> [sentence · token, d_model]"""
    shape = parameters.shape
    np.matmul(passed.context.swapaxes(-1, -2), back, out=gradient[f"w_o.{layer}"])
    context = back @ parameters[f"w_o.{layer}"].swapaxes(-1, -2)  # [head, sentence · token, d_k]
    roles = _attention_back(passed, context.reshape(passed.roles.shape[1:]), shape.scale)  # [role, head, …, d_k]
    roles = roles.reshape(3 * shape.n_heads, -1, shape.d_k)  # [role · head, sentence · token, d_k]
    np.matmul(passed.x.T, roles, out=gradient.projections(layer))
    matrices = parameters.projections(layer)  # [role · head, d_model, d_k]
    x: Array = beside(roles) @ matrices.transpose(0, 2, 1).reshape(-1, shape.d_model)  # [sentence · token, d_model]
    x += back
    return x


def depends(parameters: Parameters, ids: Places) -> Array:
    """How strongly the last vector of a sentence depends on each word: the norm of ∂last/∂x.  [token] -> [token]"""
    shape, n = parameters.shape, len(ids)
    went = forward(parameters, np.broadcast_to(ids, (shape.d_model, n)))  # a sentence for each of its numbers
    ends = np.zeros((shape.d_model, n, shape.d_model), parameters.flat.dtype)  # [d_model, token, d_model]
    ends[:, -1] = np.eye(shape.d_model, dtype=ends.dtype)
    back: Array = ends.reshape(-1, shape.d_model)  # [d_model · token, d_model]
    unused = Parameters(shape, np.zeros_like(parameters.flat))
    for layer in reversed(range(shape.n_layers)):
        back = _layer_back(parameters, unused, layer, went.layers[layer], back)
    return np.asarray(np.sqrt(np.square(back.reshape(shape.d_model, n, -1)).sum(axis=(0, 2))))


def _attention_back(passed: Passed, context: Array, scale: bool) -> Array:
    """[head, sentence, token, d_k] -> [role, head, sentence, token, d_k]"""
    (q, k, v), weights = passed.roles, passed.weights
    roles = np.empty_like(passed.roles)
    np.matmul(weights.swapaxes(-1, -2), context, out=roles[2])
    scores = context @ v.swapaxes(-1, -2)  # [head, sentence, query, key]: ∂L/∂α
    scores -= np.einsum("hsqk,hsqk->hsq", scores, weights)[..., None]
    scores *= weights
    if scale:
        scores *= 1.0 / math.sqrt(q.shape[-1])
    np.matmul(scores, k, out=roles[0])
    np.matmul(scores.swapaxes(-1, -2), q, out=roles[1])
    return roles


def _add_rows(table: Array, rows: Places, values: Array) -> None:
    """Each value added to its row of a table of zeros.  [row, n], [value], [value, n]"""
    order = np.argsort(rows, kind="stable")  # [value]
    ordered = rows[order]  # [value]
    begins = np.flatnonzero(np.diff(ordered, prepend=-1))  # [row that occurs]
    table[ordered[begins]] = np.add.reduceat(values[order], begins, axis=0)
