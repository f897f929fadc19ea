"""The loss: what a layer's last vectors say of the next token, and what training makes small of it.

The mean of −ln P of the right tokens (cross-entropy), over the places that count.
"""

from __future__ import annotations

from kitten_tui.core.chain import Chain
from kitten_tui.core.quantity import Quantity, Scope, quantity
from kitten_tui.core.transformer import norm_lines

LAYER = Scope.LAYER

TABLE_LINES = (
    quantity("table", "E", "vocabulary d_model", scope=Scope.SOURCE),
    quantity("piece", "token", "token vocabulary", scope=Scope.SOURCE, truth=True),
    quantity("embedding", "e", "token d_model", "piece[token,*] table[*,d_model]", Scope.SOURCE, step=True),
)
"""Where the embedding of a token is a row of a table that is trained."""
LOSS_LINES = (
    quantity("unembedding", "W_U", "d_model vocabulary", scope=LAYER),
    quantity("logits", "logits", "token vocabulary", "last[token,*] unembedding[*,vocabulary]", LAYER),
    quantity("logit_shift", "max logits", "token", "shift(logits[token,*])", LAYER),
    quantity("logit_exp", "e^logits", "token vocabulary", "e^(logits[token,vocabulary] − logit_shift[token])", LAYER),
    quantity("logit_sum", "Σe^logits", "token", "logit_exp[token,*]", LAYER),
    quantity("predicted", "P", "token vocabulary", "logit_exp[token,vocabulary] / logit_sum[token]", LAYER),
    quantity("target", "target", "token vocabulary", scope=LAYER, truth=True),
    quantity("right", "P(target)", "token", "predicted[token,*] target[token,*]", LAYER),
    quantity("surprise", "−ln P", "token", "−ln(right[token])", LAYER),
    quantity("counted", "counts", "token", scope=LAYER, truth=True),
    quantity("places", "places", "", "counted[*]", LAYER),
    quantity("loss", "L", "", "surprise[*] counted[*] / places", LAYER),
)
"""From what leaves the last layer to the loss."""


def with_loss(chain: Chain, leaves: str, *, rms: bool | None = None) -> Chain:
    """The chain of a last layer with the loss.

    `leaves` is the line of what leaves the layer; `rms` says which norm that goes through, None that there is none.
    """
    last = quantity("last", "last", "token d_model", leaves if rms is None else "", LAYER)
    if rms is None:
        return chain.with_(last, *LOSS_LINES)
    left = Quantity("left", "left", last.axes, leaves, LAYER)
    return chain.with_(left, *norm_lines(last, left, rms=rms), *LOSS_LINES)
