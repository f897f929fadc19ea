"""What a vector of the stream is the sum of, and what each part of it adds to a logit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.core.asking import Attribution, Share
from kitten_tui.sources.errors import SourceError

if TYPE_CHECKING:
    from kitten_tui.sources.checkpoint.reading import Reading


def attribution_of(reading: Reading, token: int) -> Attribution:
    """The logit of the likeliest token after one, part by part; the last norm is held at the size it has there.

    Raises:
        SourceError: the model has no output head, or its vectors are no sums of what its layers add.
    """
    model = reading.model
    family, amounts = model.config.family, model.config.amounts
    if not model.says_next:
        raise SourceError(f"{model.name}: expected a model with an output head, found none")
    if family.norms_after or family.fitting is not None or model.projection is not None or not family.final_norm:
        raise SourceError(
            f"{model.name}: expected layers that add to one stream up to a last norm, found {model.config.model_type}, "
            "whose sums are normalised or widened on the way"
        )
    following, norm = reading.continuation(token), model.final_norm
    width = model.config.d_model
    row = following.rows[0].astype(np.float64)  # [d_model], or a bias more
    factor = amounts.get("logit_factor", 1.0)
    stream = reading.stream(reading.n_layers, slice(token, token + 1))[0].astype(np.float64)  # [d_model]
    parts = origins(reading, reading.n_layers, token)
    shares = [
        Share(share.part, float(norm.held(vector, stream) @ row[:width]) * factor, share.layer, share.head)
        for share, vector in parts
    ]
    bias = 0.0 if norm.bias is None else float(norm.bias @ row[:width])
    bias += float(row[width:].sum())
    if norm.bias is not None or len(row) > width:
        shares.append(Share("bias", bias * factor))
    logit = float(following.raw[0]) * factor
    return Attribution(following.pieces[0], logit, tuple(shares))


def origins(reading: Reading, layer: int, token: int) -> list[tuple[Share, Array]]:
    """The parts that make what enters a layer, each with the place it comes from; in float64, as their sum is long.

    [d_model] each
    """
    config = reading.model.config
    scale, d_k = config.amounts.get("added_scale", 1.0), config.d_k
    at = slice(token, token + 1)
    parts = [(Share("embedding", 0.0), reading.stream(0, at)[0].astype(np.float64))]
    for number in range(layer):
        weights = reading.layer(number)
        w_o, b_o = weights.o  # [head·d_k, d_model], [d_model]
        contexts = reading.passed[number].concat[token].reshape(-1, d_k).astype(np.float64)  # [head, d_k]
        added = np.einsum("hk,hkd->hd", contexts, w_o.reshape(len(contexts), d_k, -1))  # [head, d_model]
        bias = np.zeros(added.shape[-1]) if b_o is None else b_o.astype(np.float64)  # [d_model]
        if config.family.output_norm:
            norm = weights.norm(config.family.output_norm)
            output = added.sum(axis=0) + bias  # [d_model]
            added, bias = norm.held(added, output), norm.held(bias, output)
            bias = bias if norm.bias is None else bias + norm.bias  # [d_model]
        added, bias = added * scale, bias * scale
        parts += [(Share("head", 0.0, number, head), vector) for head, vector in enumerate(added)]
        after, before = (reading.stream(place, at)[0].astype(np.float64) for place in (number + 1, number))
        network = after - before - added.sum(axis=0) - bias  # [d_model]
        parts.append((Share("network", 0.0, number), network))
        if bias.any():
            parts.append((Share("bias", 0.0, number), bias))
    return parts
