"""What the lines of a layer depend on, and what sets it apart from others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kitten_tui.core.altering import Without
from kitten_tui.core.source import Traits
from kitten_tui.core.transformer import Kind
from kitten_tui.sources.checkpoint.config import Config

if TYPE_CHECKING:
    from kitten_tui.sources.checkpoint.reading import Reading


def kind_of(reading: Reading, layer: int) -> Kind:
    """What the lines of a layer depend on."""
    config = reading.model.config
    family, amounts = config.family, config.amounts
    return Kind(
        first=layer == 0,
        rms=family.rms,
        from_one=family.gain_from_one,
        norms_after=family.norms_after,
        paired=reading.sides is not None and bool(family.segment),
        embedding="project" if reading.model.projection else "norm" if family.embedding_norm else "",
        scaled_embedding="embedding_scale" in amounts,
        enters=reading.norm_into(layer) is not None,
        added_norm=bool(family.output_norm),
        multiplied="added_scale" in amounts,
        rotary=reading.rotations[layer] is not None,
        head_norm="" if family.head_norm is None else "all" if config.heads_together else "head",
        bias="slopes" if family.slopes else "buckets" if family.buckets else "",
        capped="score_cap" in amounts,
        mixture=config.experts[layer],
        sink=bool(family.sinks),
        silenced=any(isinstance(each, Without) and each.layer == layer for each in reading.altered),
        says_next=reading.next_tokens is not None,
        thinks=thinks(reading),
        next_factor="logit_factor" in amounts,
        next_cap="logit_cap" in amounts,
        draws=reading.goes_on is not None and reading.drawing.draws,
    )


def thinks(reading: Reading) -> bool:
    """Whether what leaves each layer goes through a norm and a matrix, as what leaves the last one does."""
    model, family = reading.model, reading.model.config.family
    alone = reading.asked is not None and reading.next_tokens is not None
    summed = bool(family.final_norm) and not family.norms_after and model.projection is None
    return alone and summed and family.fitting is None and not family.head_bias


def traits_of(config: Config, layer: int) -> Traits:
    """What sets a layer apart from others."""
    window, turns = config.windows[layer], [rope is not None for rope in config.ropes]
    alike = [other for other in range(config.n_layers) if config.weights_of(other) == config.weights_of(layer)]
    return Traits(
        window=None if window is None else window - config.causal,
        both_ways=not config.causal,
        windows=0 if window else sum(other is not None for other in config.windows),
        turned=0 if turns[layer] else sum(turns),
        shared=range(alike[0], alike[-1] + 1),
    )


def facts_of(reading: Reading) -> dict[str, Any]:
    """What there is to say about the model and how much of the text it reads."""
    config = reading.model.config
    return {
        "model": reading.model.name,
        "family": config.model_type,
        "layers": config.n_layers,
        "heads": config.n_heads,
        "d_model": config.d_model,
        "d_k": config.d_k,
        "quantised": reading.model.quantised,
        "read": len(reading.tokens),
        "whole": reading.whole,
        "chat": reading.text if reading.chat else "",
    }
