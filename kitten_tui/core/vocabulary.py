"""The name, the symbol and the axes of every quantity: one name for one thing, everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Scope(Enum):
    """What a quantity belongs to."""

    SOURCE = "source"
    SHARED = "shared"
    """The same in all heads of a layer."""
    HEAD = "head"
    LAYER = "layer"
    SETTING = "setting"


@dataclass(frozen=True)
class Quantity:
    symbol: str
    """As the article writes it."""
    axes: tuple[str, ...]
    """What its indices count: token, query, key, d_model, d_k, concat."""
    scope: Scope = Scope.HEAD


QUANTITIES = {
    "embedding": Quantity("e", ("token", "d_model"), Scope.SOURCE),
    "position": Quantity("p", ("token", "d_model"), Scope.SOURCE),
    "segment": Quantity("s", ("d_model",), Scope.SOURCE),
    "stream": Quantity("r", ("token", "d_model"), Scope.SHARED),
    "x": Quantity("x", ("token", "d_model"), Scope.SHARED),
    "w_q": Quantity("W_q", ("d_model", "d_k")),
    "w_k": Quantity("W_k", ("d_model", "d_k")),
    "w_v": Quantity("W_v", ("d_model", "d_k")),
    "b_q": Quantity("b_q", ("d_k",)),
    "b_k": Quantity("b_k", ("d_k",)),
    "b_v": Quantity("b_v", ("d_k",)),
    "q_projected": Quantity("q₀", ("token", "d_k")),
    "k_projected": Quantity("k₀", ("token", "d_k")),
    "q_normed": Quantity("q₁", ("token", "d_k")),
    "k_normed": Quantity("k₁", ("token", "d_k")),
    "q": Quantity("q", ("token", "d_k")),
    "k": Quantity("k", ("token", "d_k")),
    "v": Quantity("v", ("token", "d_k")),
    "scores": Quantity("ω", ("query", "key")),
    "scaled": Quantity("scaled", ("query", "key")),
    "masked": Quantity("masked", ("query", "key")),
    "exp": Quantity("exp", ("query", "key")),
    "total": Quantity("Σexp", ("query",)),
    "weights": Quantity("α", ("query", "key")),
    "weight_sum": Quantity("Σα", ("query",)),
    "headroom": Quantity("1 − max α", ("query",)),
    "gradient": Quantity("Σ∂α/∂ω", ("query",)),
    "dropped": Quantity("α′", ("query", "key")),
    "contribution": Quantity("α v", ("query", "key", "d_k")),
    "partial": Quantity("Σα v", ("query", "key", "d_k")),
    "context": Quantity("z", ("query", "d_k")),
    "concat": Quantity("concat", ("token", "concat"), Scope.LAYER),
    "w_o": Quantity("W_o", ("concat", "d_model"), Scope.LAYER),
    "b_o": Quantity("b_o", ("d_model",), Scope.LAYER),
    "output": Quantity("output", ("token", "d_model"), Scope.LAYER),
    "attended": Quantity("x + output", ("token", "d_model"), Scope.LAYER),
    "middle": Quantity("m", ("token", "d_model"), Scope.LAYER),
    "mlp": Quantity("mlp", ("token", "d_model"), Scope.LAYER),
    "logit": Quantity("logit", ("token", "rank"), Scope.SOURCE),
    "probability": Quantity("P", ("token", "rank"), Scope.SOURCE),
    "scores_gap": Quantity("Δω", ("query", "pinned", "key")),
    "weights_gap": Quantity("Δα", ("query", "pinned", "key")),
    "context_gap": Quantity("Δz", ("query", "pinned", "d_k")),
    "divisor": Quantity("divisor", (), Scope.SHARED),
    "allowed": Quantity("mask", ("query", "key")),
    "shift": Quantity("max", ("query",)),
    "keep": Quantity("kept", ("query", "key")),
    "rate": Quantity("rate", (), Scope.SHARED),
    "kept_share": Quantity("1 − rate", (), Scope.SHARED),
    "typical_headroom": Quantity("median 1 − max α", ("width", "scale"), Scope.SETTING),
    "typical_gradient": Quantity("median Σ∂α/∂ω", ("width", "scale"), Scope.SETTING),
}

NORMS = {"x": "stream", "middle": "attended", "q_normed": "q_projected", "k_normed": "k_projected"}
"""What is made by bringing something to one size, and what it is made of; each has the quantities of NORM_PARTS."""

NORM_PARTS = {
    "mean": "μ",
    "centred": "{} − μ",
    "variance": "σ²",
    "spread": "σ",
    "gain": "γ",
    "bias": "β",
}


NEXT = ("logit", "probability")
"""Of the likeliest next tokens; made for one token at a time, the likeliest first."""


def _add_norms() -> None:
    for owner, before in NORMS.items():
        whole = QUANTITIES[owner]
        for part, symbol in NORM_PARTS.items():
            if whole.scope is Scope.HEAD and part in ("mean", "centred", "bias"):
                continue  # heads have no LayerNorm of their own
            axes = {"centred": whole.axes, "gain": whole.axes[1:], "bias": whole.axes[1:]}.get(part, whole.axes[:1])
            symbol = symbol.format(QUANTITIES[before].symbol)
            mark = "" if owner == "x" else f" {whole.symbol}"
            QUANTITIES[f"{owner}_{part}"] = Quantity(symbol + mark, axes, whole.scope)


_add_norms()

GAPS = {f"{name}_gap": name for name in ("scores", "weights", "context")}
"""What a query's row has more than the row of another query that is pinned beside it."""

TRACED = (
    *("embedding", "position", "segment", "stream", "x"),
    *("q_projected", "k_projected", "q_normed", "k_normed", "q", "k", "v"),
    *("scores", "scaled", "masked", "weights", "dropped", "context"),
)
"""What the JSON of a head holds, in the order of the lesson."""
