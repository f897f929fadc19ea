"""The lines of self-attention, in the order of the lesson.

Formulas: Vaswani et al., "Attention Is All You Need" (2017), section 3.2.
"""

from __future__ import annotations

from kitten_tui.core.chain import Chain
from kitten_tui.core.quantity import Scope, quantity

SOURCE, SHARED, LAYER, SETTING, CONSTANT = Scope.SOURCE, Scope.SHARED, Scope.LAYER, Scope.SETTING, Scope.CONSTANT

ATTENTION = Chain(
    (
        # What enters, and the matrices.
        quantity("embedding", "e", "token d_model", scope=SOURCE, step=True),
        quantity("position", "p", "token d_model", scope=SOURCE, step=True),
        quantity("x", "x", "token d_model", "embedding[token,d_model] + position[token,d_model]", SHARED, step=True),
        quantity("w_q", "W_q", "d_model d_k"),
        quantity("w_k", "W_k", "d_model d_k"),
        quantity("w_v", "W_v", "d_model d_k"),
        quantity("b_q", "b_q", "d_k"),
        quantity("b_k", "b_k", "d_k"),
        quantity("b_v", "b_v", "d_k"),
        quantity("q", "q", "token d_k", "x[token,*] w_q[*,d_k] + b_q?[d_k]", step=True),
        quantity("k", "k", "token d_k", "x[token,*] w_k[*,d_k] + b_k?[d_k]", step=True),
        quantity("v", "v", "token d_k", "x[token,*] w_v[*,d_k] + b_v?[d_k]", step=True),
        # From queries and keys to weights.
        quantity("divisor", "divisor", "", scope=SHARED),
        quantity("allowed", "mask", "query key", truth=True),
        quantity("scores", "ω", "query key", "q[query,*] k[key,*]", step=True),
        quantity("scaled", "scaled", "query key", "scores[query,key] / divisor", step=True),
        quantity("masked", "masked", "query key", "scaled[query,key] where allowed[query,key]", step=True),
        quantity("shift", "max", "query", "shift(masked[query,*])"),
        quantity("exp", "exp", "query key", "e^(masked[query,key] − shift[query])"),
        quantity("total", "Σexp", "query", "exp[query,*]"),
        quantity("weights", "α", "query key", "exp[query,key] / total[query]", step=True),
        # What is said of a row of weights.
        quantity("weight_sum", "Σα", "query", "weights[query,*]"),
        quantity("headroom", "1 − max α", "query", "1 − weights[query,max]"),
        quantity("complement", "1 − α", "query key", "1 − weights[query,key]"),
        # The Jacobian of α = softmax(ω / c) is (diag(α) − α αᵀ) / c. It has no negative eigenvalue, so their sum, the
        # trace Σ α(1 − α) / c, is a size: 0 exactly where the softmax is saturated and nothing can be learned.
        quantity("sensitivity", "Σ∂α/∂ω", "query", "weights[query,*] complement[query,*] / divisor"),
        # Inverted dropout, Srivastava et al. (2014): what is kept grows by 1/(1 − p).
        quantity("rate", "rate", "", scope=SHARED),
        quantity("kept_share", "1 − rate", "", "1 − rate", SHARED),
        quantity("keep", "kept", "query key", truth=True),
        quantity("dropped", "α′", "query key", "weights[query,key] keep[query,key] / kept_share", step=True),
        # How weights can be weighed otherwise: those of words alone, and by the size of what they carry. Where no
        # weight is negative ‖α v‖ is α ‖v‖: Kobayashi et al., "Attention is Not Only a Weight" (2020).
        quantity("words", "words", "query key", scope=SHARED, truth=True),
        quantity("value_norm", "‖v‖", "key", "√(v[key,*] v[key,*])"),
        quantity("valued", "‖αv‖", "query key", "dropped[query,key] value_norm[key]"),
        quantity("value_total", "Σ‖αv‖", "query", "valued[query,*]"),
        quantity("value_share", "‖αv‖/Σ", "query key", "valued[query,key] / value_total[query]"),
        quantity("word_total", "Σα words", "query", "dropped[query,*] words[query,*]"),
        quantity("word_share", "α/Σ words", "query key", "dropped[query,key] words[query,key] / word_total[query]"),
        quantity("value_word_total", "Σ‖αv‖ words", "query", "valued[query,*] words[query,*]"),
        quantity(
            *("value_word_share", "‖αv‖/Σ words", "query key"),
            *("valued[query,key] words[query,key] / value_word_total[query]",),
        ),
        # From weights and values to what leaves.
        quantity("contribution", "α v", "query key d_k", "dropped[query,key] v[key,d_k]"),
        quantity("partial", "Σα v", "query key d_k", "contribution[query,≤key,d_k]"),
        quantity("context", "z", "query d_k", "dropped[query,*] v[*,d_k]", step=True),
        quantity("concat", "concat", "token concat", "heads.context[token,concat]", LAYER, step=True),
        quantity("w_o", "W_o", "concat d_model", scope=LAYER),
        quantity("b_o", "b_o", "d_model", scope=LAYER),
        quantity(
            "output", "output", "token d_model", "concat[token,*] w_o[*,d_model] + b_o?[d_model]", LAYER, step=True
        ),
        # What a query's row has more than the row of another query that is pinned beside it.
        quantity("scores_gap", "Δω", "query pinned key", "scores[query,key] − scores[pinned,key]"),
        quantity("weights_gap", "Δα", "query pinned key", "weights[query,key] − weights[pinned,key]"),
        quantity("context_gap", "Δz", "query pinned d_k", "context[query,d_k] − context[pinned,d_k]"),
        # What the division is for, in random rows of growing width.
        quantity("random_square", "mean ω²", "width scale", scope=CONSTANT),
        quantity("random_sensitivity", "Σ∂α/∂ω", "width scale row", scope=CONSTANT),
        quantity("typical_size", "typical |ω|", "width scale", "√(random_square[width,scale])", SETTING),
        quantity(
            *("typical_sensitivity", "median Σ∂α/∂ω", "width scale"),
            *("median(random_sensitivity[width,scale,*])", SETTING),
        ),
    )
)
"""One layer of attention over vectors that are embedding + position."""

UNSCALED = quantity("scaled", "scaled", "query key", "scores[query,key]", step=True)
"""The line with the division switched off."""
