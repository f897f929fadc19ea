"""What the names of tensors say: which family it is, what stands before every name, and what nothing would read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from kitten_tui.sources.checkpoint.families import Family, Linear

BUFFERS = re.compile(r"(^|\.)(rotary_emb\.\w+|position_ids|token_type_ids)$")
"""What is computed again and only kept in files, of any family."""
_MARKS = {
    "t5": ("encoder.block.0.layer.0.SelfAttention.q.weight", "encoder.final_layer_norm.weight"),
    "bart": ("encoder.layers.0.self_attn.q_proj.weight", "encoder.layernorm_embedding.weight"),
    "gpt2": ("h.0.attn.c_attn.weight",),
    "gpt_neox": ("layers.0.attention.query_key_value.weight", "embed_in.weight"),
    "qwen3": ("layers.0.self_attn.q_proj.weight", "layers.0.mlp.gate_proj.weight", "layers.0.self_attn.q_norm.weight"),
    "qwen2": ("layers.0.self_attn.q_proj.bias", "layers.0.mlp.gate_proj.weight"),
    "llama": ("layers.0.self_attn.q_proj.weight", "layers.0.mlp.gate_proj.weight"),
    "distilbert": ("transformer.layer.0.attention.q_lin.weight",),
    "roberta": ("roberta.encoder.layer.0.attention.self.query.weight",),
    "bert": ("encoder.layer.0.attention.self.query.weight",),
}
"""Tensors that only this family, or one before it in this list, has."""


def families_of(names: Iterable[str]) -> tuple[str, ...]:
    """The families whose tensors have such names: llama and mistral, and a bare bert and roberta, have the same."""
    all_ = tuple(names)
    fitting = (kind for kind, marks in _MARKS.items() if all(any(_ends(name, mark) for name in all_) for mark in marks))
    kind = next(fitting, None)
    if kind is None:
        return ()
    if kind == "qwen2" and any(name.endswith("layers.0.self_attn.o_proj.bias") for name in all_):
        return ("llama",)
    if kind == "llama":
        return ("llama", "mistral")
    bare = kind == "bert" and not any(_ends(name, "bert.embeddings.word_embeddings.weight") for name in all_)
    return ("bert", "roberta") if bare else (kind,)


def prefix_of(family: Family, names: Collection[str]) -> str | None:
    """What stands before every name of the model; None where no name of the family is there, or several models are."""
    for mark in (family.embedding, family.q.name.format(n=0) + ".weight"):
        for prefix in family.prefixes:
            if prefix + mark in names:
                return prefix
        before = {name.removesuffix(mark) for name in names if _ends(name, mark)}
        if len(before) == 1:
            return before.pop()
    return None


def head_of(family: Family, names: Collection[str]) -> str | None:
    """The name of the output head; a model inside another has it beside or around itself."""
    head = family.head if family.fitting is None else family.fitting.matrix
    return whole_name(head, names) if head else None


def whole_name(end: str, names: Collection[str]) -> str | None:
    """The one name that ends so, with what stands before it in a model inside another."""
    if end in names:
        return end
    ends = [name for name in names if _ends(name, end)]
    return ends[0] if len(ends) == 1 else None


def unread(family: Family, names: Iterable[str], prefix: str, read: Collection[str]) -> Iterator[str]:
    """Tensors that stand among those of the layers, or beside the embedding, and that nothing reads."""
    layers = prefix + family.q.name.partition("{n}")[0]
    beside = prefix + family.embedding.partition(".")[0] + "." if family.embedding.count(".") > 1 else None
    alone = re.compile(re.escape(prefix) + r"\w+\.(weight|bias)") if prefix in family.prefixes and prefix else None
    for name in names:
        inside = name.startswith(layers) or (beside is not None and name.startswith(beside))
        if not inside and not (alone is not None and alone.fullmatch(name)):
            continue
        rest = name.removeprefix(layers).partition(".")[2]
        if name not in read and rest not in family.buffers and not BUFFERS.search(name):
            yield name


def linear_names(linear: Linear, bias: bool) -> tuple[str, ...]:
    return (f"{linear.name}.weight", f"{linear.name}.bias") if bias else (f"{linear.name}.weight",)


def norm_names(name: str, rms: bool) -> tuple[str, ...]:
    """Older files call the numbers of a norm gamma and beta."""
    return (f"{name}.weight",) if rms else tuple(f"{name}.{part}" for part in ("weight", "bias", "gamma", "beta"))


def _ends(name: str, end: str) -> bool:
    return name == end or name.endswith("." + end)
