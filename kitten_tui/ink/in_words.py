"""What the arithmetic of a number does, as a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitten_tui.core.cell import Cell, Derivation, Terms
from kitten_tui.core.chain import Chain
from kitten_tui.core.formula import Op, Ref
from kitten_tui.core.quantity import Quantity
from kitten_tui.words import Words

if TYPE_CHECKING:
    from kitten_tui.ink.formula import Sum

SIDES = ("A-A", "A-B", "B-A", "B-B")
"""Parts of what is computed of both texts together."""
NORM_PARTS = ("mean", "centred", "variance", "spread", "trained", "gain", "bias")


def in_words(derivation: Derivation, look: Sum) -> str:
    """What is done, as a sentence; where the ordinary case does not hold, what is done there."""
    cell, words = derivation.cell, look.words
    source = look.workings.source
    chain = look.workings.in_layer(cell.layer).chain
    quantity = chain[cell.name]
    operands = [ref.name for ref in chain.operands(cell.name)]
    part = _norm_part(cell.name, chain)
    of_variant = f"variant.{look.workings.in_layer(cell.layer).settings.variant}.{cell.name}"
    match cell.name:
        case _ if of_variant in words.texts:
            text = words(of_variant)
        case "x" | "memory" | "total" | "shift" if derivation.op is Op.GIVEN and source.part in SIDES:
            text = words("formula.of_both")
        case "x" if derivation.op is Op.GIVEN:
            text = words("formula.x_given")
        case name if quantity.of:
            text = _of_another(derivation, quantity, look)
        case name if derivation.op is Op.GIVEN and name not in ("shift", "logit_shift") and quantity.line:
            text = words("formula.recorded")
        case name if source.trainer is not None and f"next({name})" in chain:
            step = source.trainer.step if cell.step is None else cell.step
            key = "gradient.trained" if derivation.op is Op.GIVEN else "gradient.made"
            text = words(key, step=f"{step:,}", of=quantity.symbol)
        case "embedding" if derivation.op is Op.SUM:
            text = words("formula.embedding_row")
        case _ if derivation.op is Op.NORM:
            key = "formula.norm" if derivation.terms[1][0].cell else "formula.norm_rms"
            text = words(key, of=chain[operands[0]].symbol)
        case _ if part in ("mean", "centred", "variance"):
            text = words(f"formula.norm_{part}", of=chain[operands[0]].symbol)
        case _ if part:
            text = words("formula.norm_gain_from_one" if part == "gain" and operands else f"formula.norm_{part}")
        case "x" if operands == ["stream"]:
            text = words("formula.x_same")
        case "x" if "w_e" in operands:
            text = words("formula.x_widened")
        case "k" | "v" as role if operands[:1] == ["memory"]:
            text = words("formula.k_of_memory" if role == "k" else "formula.v_of_memory", of=chain["memory"].symbol)
        case "segment" if "token" in quantity.axes:
            text = words("formula.segment_pair")
        case "stream" if "entered" in operands:
            text = words("formula.stream_entered")
        case "stream" if cell.layer == 0:
            text = words("formula.stream_first")
        case "stream" if "crossed" in operands:
            text = words("formula.stream_crossed")
        case "stream" if "multiplier" in operands:
            text = words("formula.stream_multiplied")
        case "biased" if "relative" in operands:
            text = words("formula.biased_bucket")
        case "total" | "weight_sum" if len(operands) > 1:
            text = words("formula.total_sink" if cell.name == "total" else "formula.weight_sum_sink")
        case "logit" | "thought_logit" if derivation.op is Op.CAP:
            text = words("formula.logit_capped")
        case "logit" | "thought_logit" if "logit_factor" in operands:
            text = words("formula.logit_multiplied")
        case "q" | "k" if "cos" in operands:
            text = words("formula.q_turned" if cell.name == "q" else "formula.k_turned")
        case "scaled" if derivation.op is Op.SUM:
            text = words("formula.scaled_off")
        case "scaled" if not derivation.terms[-1][0].symbol:
            text = words("formula.scaled_set")
        case "weights" if derivation.terms[-1][0].value == 0.0:
            text = words("formula.weights_nothing")
        case "exp" if len(derivation.terms) > 1:
            text = words("formula.exp_shifted")
        case "context" if "speaks" in operands:
            text = words("formula.context_spoken")
        case "concat":
            operand = derivation.terms[0][0].cell
            assert operand is not None
            text = words("formula.concat", head=operand.head + 1, dim=operand.index[-1] + 1)
        case "masked":
            allowed = derivation.terms[1][0].value
            text = words("formula.masked_kept" if allowed else "formula.masked_covered")
        case _:
            text = words(f"formula.{cell.name}")
    bias = _bias(derivation)
    if bias is not None and not quantity.of:
        text += f" + {look.workings.chain[bias.name].symbol}"
    return text + words("formula.other") if cell.rescaled else text


def _norm_part(name: str, chain: Chain) -> str:
    """What a number is in a norm, such as the mean of a row; nothing where it is no part of one."""
    whole, _, part = name.rpartition("_")
    of_norm = whole in chain and (line := chain[whole].formula) is not None and line.op is Op.NORM
    return part if of_norm and part in NORM_PARTS else ""


def _of_another(derivation: Derivation, quantity: Quantity, look: Sum) -> str:
    """What a gradient or a step does, with the quantity that it is of."""
    source, words, layer = look.workings.source, look.words, derivation.cell.layer
    chain = source.chain(layer)
    kind, _, of = quantity.name.removesuffix(")").partition("(")
    if kind == "grad" and f"gradient.{of}" in words.texts:
        return words(f"gradient.{of}")
    if kind == "next" and any(ref.name == f"move({of})" for ref in chain.operands(quantity.name)):
        return words("gradient.next_adam")
    users = dict.fromkeys(
        _user(ref, source.chain(layer + 1) if ref.where == "after" else chain, words)
        for ref in chain.operands(quantity.name)
        if ref.name.startswith(("grad(", "through("))
    )
    return words(f"gradient.{kind}", of=chain[of].symbol, users=", ".join(users))


def _user(ref: Ref, chain: Chain, words: Words) -> str:
    """What uses a number, in a gradient that comes back from there."""
    if ref.where == "heads":
        return words("gradient.heads")
    symbol = chain[chain[ref.name].of].symbol
    return words("gradient.next_layer", symbol=symbol) if ref.where == "after" else symbol


def _bias(derivation: Derivation) -> Cell | None:
    """What is added at the end of a long sum."""
    terms = derivation.terms
    return terms.more[0][0].cell if derivation.op is Op.SUM and isinstance(terms, Terms) and terms.more else None
