"""What a description of a family of models says.

Names of weights are written without the prefix of the whole model; {n} stands for the number of the layer, {h} for
that of a head and {e} for that of an expert. Numbers that a model multiplies by or divides by are written as they are
reckoned from config.json: "√d_model", "1/logits_scaling", "attention_multiplier"; nothing is 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Linear:
    """A weight matrix with its bias, by name."""

    name: str
    bias: bool | str = True
    """Whether it has one, or the key of config.json that says so."""
    inward: bool = False
    """Stored [in, out]; all others are stored [out, in]."""
    split: str = ""
    """How several matrices share the columns. Queries, keys and values: "roles" one after the other, "heads" for each
    head of keys in turn, its queries first, "fourths" in four parts of queries, values, keys each. A gate and what it
    is multiplied with: "gate" the first half, "gated" the second."""


@dataclass(frozen=True)
class Fitting:
    """What makes of the last vector at a place the tokens that would fit there: dense, a function, a norm, a matrix."""

    dense: str
    norm: str
    matrix: str
    """Where it is tied or missing it is the embedding."""
    biases: tuple[str, ...]
    """The names that its bias may have; the first that is there is it."""
    activation: str = ""
    """The function, or the key that says it, where it is not that of the layers."""
    dense_bias: bool | str = True
    bias: bool | str = True


@dataclass(frozen=True)
class HeadNorm:
    """What brings queries and keys to one size: each head by itself, or all of a token together."""

    q: str
    k: str
    kind: str = ""
    """"" one for all heads; "each" a row of gains for each head; "list" one by name for each; "all" of all together."""


@dataclass(frozen=True)
class Experts:
    """Several feed-forward networks, of which a token goes through a few."""

    router: Linear
    gate: str
    up: str
    down: str
    """The weights of an expert, without the ending; in packed files those of all."""
    packed: str = ""
    """The weights of gate and up of all experts in one tensor, [expert, in, 2·out], side by side; down likewise."""
    shares: str = "all"
    """What is shared out among: "all" experts, "chosen" ones, or "norm" whether it is made to sum to 1 is said."""
    shared: str = ""
    """An expert that every token goes to, by the beginning of its names; its gate is called so with _gate."""
    biased: bool = False
    """Whether the matrices of experts have biases; packed ones always do."""
    clamped: bool = False
    """Whether its gate is kept in bounds and what it is multiplied with begins at 1."""


@dataclass(frozen=True)
class Crossing:
    """Attention that looks at what another stack leaves: its matrices, and the norm before it, or after it."""

    q: Linear
    k: Linear
    v: Linear
    o: Linear
    norm: str

    @classmethod
    def of(cls, names: Sequence[str], norm: str, *, bias: bool = True) -> Crossing:
        """By the names of the four matrices."""
        q, k, v, o = (Linear(name, bias) for name in names)
        return cls(q, k, v, o, norm)


@dataclass(frozen=True)
class Family:
    """How a model is put together and what its files call the parts."""

    prefixes: tuple[str, ...]
    """What may stand before every name; the bare model has none. Others are read from the names."""
    classes: str
    """How transformers' names of its classes begin."""
    embedding: str
    q: Linear
    k: Linear
    v: Linear
    o: Linear
    up: Linear
    down: Linear
    attention_norm: str
    """The norm between the stream and attention; nothing where there is none."""
    mlp_norm: str
    """That between the stream and the feed-forward network; in a parallel block it may be the same."""
    gate: Linear | None = None
    """What the feed-forward network is multiplied by, where it is gated."""
    experts: Experts | None = None
    """What stands in the place of the feed-forward network in some layers."""
    groups: str = ""
    """The key of how many sets of weights the layers share, where each has not its own."""

    # Two stacks
    decoder: Family | None = None
    """The stack that writes, where this one only reads."""
    crossing: Crossing | None = None
    """How the layers of a stack that writes look at what the one that reads leaves."""
    embedding_also: tuple[str, ...] = ()
    """Other names that the embedding may have."""

    # What enters
    position: str = ""
    """The table of learned positions."""
    offset: int | str = 0
    """The place of the first token in that table; "pad" counts on from the padding token's number."""
    segment: str = ""
    """The table of what tells sentences apart."""
    embedding_norm: str = ""
    """What comes before the first layer."""
    projection: Linear | None = None
    """What brings embeddings to the width of the layers, where config.json says that they are narrower."""
    embedding_scale: str = ""

    # Norms
    rms: bool = False
    norm_bias: bool | str = True
    """Whether a norm that takes the mean off adds something in the end."""
    gain_from_one: bool = False
    """Whether norms multiply by 1 more than what is stored."""
    norms_after: bool = False
    """Whether layers add first and normalise then; otherwise the other way round."""
    bare_first: bool = False
    """Whether the first layer has no norm before its attention."""
    output_norm: str = ""
    """The norm of what attention adds, and below of what the feed-forward network adds."""
    added_norm: str = ""
    final_norm: str = ""
    head_norm: HeadNorm | None = None

    # Layers
    parallel: bool | str = False
    """Whether attention and feed-forward network both take in what enters the layer, or the key that says so."""
    added_scale: str = ""
    """What both are multiplied by before they are added."""
    causal: bool = True
    decodes: bool = False
    """Whether is_decoder makes it causal where it is not by itself."""
    divisor: str = "√d_k"
    """What scores are divided by."""
    scaled: bool = False
    """Whether config.json may leave out the scale of scores, or divide it by the number of the layer."""
    windows: str = ""
    """Which layers have a sliding window: a name of `windows.PATTERNS`."""
    asked: str = ""
    """The key that has to say so before any has."""
    rotary: bool = False
    interleaved: bool = False
    """Whether each dimension is turned with its neighbour; otherwise with one half a width apart."""
    local_base: str = ""
    """The key of the base of rotary positions in layers that have a window."""
    unturned: bool = False
    """Whether config.json may say of layers that nothing is turned in them."""
    slopes: str = ""
    """Where scores lose the more the farther a key is, by a slope of each head: what all slopes are multiplied by."""
    buckets: str = ""
    """The table of what is added to the scores of keys at distances that are alike."""
    score_cap: str = ""
    sinks: str = ""
    """The numbers, one a head, that take part in the softmax and stand for no key."""

    # What leaves
    head: str = ""
    """The matrix to the next token; where it is tied or missing it is the embedding."""
    head_bias: str = ""
    logit_factor: str = ""
    logit_cap: str = ""
    fitting: Fitting | None = None
    """What stands in the place of the head in models that were trained to fill gaps."""

    # Files
    buffers: tuple[str, ...] = ()
    """What old files keep in each layer beside its weights."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """What config.json calls a number, where that is not what most call it."""
    defaults: Mapping[str, object] = field(default_factory=dict)
    """What holds where config.json does not say: what transformers' class of configurations has."""
    variants: tuple[tuple[str, object, Mapping[str, Any]], ...] = ()
    """Where a key says this, these fields are others; each in turn, so that a later one has the last word."""
    refused: Mapping[str, object] = field(default_factory=dict)
    """Keys that would change the numbers, and all that they may say."""

    def as_said(self, raw: Mapping[str, Any]) -> Family:
        """The family with the fields that its variants have by what config.json says."""
        family = self
        for key, value, fields in self.variants:
            if raw.get(key, self.defaults.get(key)) == value:
                family = family.with_(fields)
        return family

    def with_(self, fields: Mapping[str, Any]) -> Family:
        """The family with other fields; of those that are tables, with other entries."""
        merged = {name: {**getattr(self, name), **new} for name, new in fields.items() if isinstance(new, dict)}
        return replace(self, **{**fields, **merged})

    def crossed(self) -> Family:
        """The same stack as its layers look at the other one, with nothing that knows where tokens stand."""
        assert self.crossing is not None
        at = self.crossing
        roles = {"q": at.q, "k": at.k, "v": at.v, "o": at.o, "attention_norm": at.norm}
        return replace(self, **roles, causal=False, buckets="", slopes="", rotary=False, windows="")  # type: ignore[arg-type]
