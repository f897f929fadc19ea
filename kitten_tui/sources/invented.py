"""Numbers for a sentence that nobody trained a model on: the steps are real, the vectors stand for nothing."""

from __future__ import annotations

import hashlib

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.inputs import HeadWeights, Inputs, fixed
from kitten_tui.core.positions import sinusoidal

D_MODEL = 4
N_HEADS = 2
DECIMALS = 2
"""Vectors and matrices are rounded, so that the arithmetic on the screen can be checked by hand."""


def embed(token: str, d_model: int = D_MODEL) -> Array:
    """A vector from the spelling alone: equal words get equal vectors, in every sentence.  -> [d_model]"""
    digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
    seed = int.from_bytes(digest[:4], "big")
    return np.random.RandomState(seed).uniform(-1.0, 1.0, d_model).round(DECIMALS)  # [d_model]


def invent(tokens: tuple[str, ...], seed: int) -> Inputs:
    """Spelling vectors, sinusoidal positions, and matrices drawn from the seed."""
    draw = np.random.RandomState(seed)
    d_k = D_MODEL // N_HEADS

    def matrix(rows: int, columns: int) -> Array:
        return fixed(draw.uniform(-1.0, 1.0, (rows, columns)).round(DECIMALS))  # [rows, columns]

    heads = tuple(
        HeadWeights(w_q=matrix(D_MODEL, d_k), w_k=matrix(D_MODEL, d_k), w_v=matrix(D_MODEL, d_k))
        for _ in range(N_HEADS)
    )
    embedding = fixed([embed(token) for token in tokens])  # [token, d_model]
    position = fixed(sinusoidal(len(tokens), D_MODEL).round(DECIMALS))  # [token, d_model]
    return Inputs(
        tokens=tokens,
        embedding=embedding,
        position=position,
        x=embedding + position,  # [token, d_model]
        heads=heads,
        w_o=matrix(N_HEADS * d_k, D_MODEL),
    )
