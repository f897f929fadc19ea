"""Networks that read word by word: Elman's (1990), and one with gates (GRU, Cho et al., 2014).

Each state is made from the one before it, so a sentence of n words takes n steps that wait for one another, and what
the first word left has to pass through all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from kitten_tui.core.array_types import Array, Places
from kitten_tui.core.learning import Measured
from kitten_tui.core.network import sigmoid
from kitten_tui.sources.training.measured import told
from kitten_tui.sources.training.network import Batch, said

KINDS = ("elman", "gru")
SPREAD = 0.5


@dataclass(frozen=True, eq=False)
class Recurrent:
    """One of KINDS; `gates` projections of the word and of the state before, and an unembedding."""

    kind: str
    n_vocab: int
    d_model: int
    d_state: int
    seed: int = 0

    @property
    def gates(self) -> int:
        return 1 if self.kind == "elman" else 3

    @property
    def parts(self) -> dict[str, tuple[int, ...]]:
        width = self.gates * self.d_state
        return {
            "embedding": (self.n_vocab, self.d_model),
            "w_x": (self.d_model, width),
            "w_h": (self.d_state, width),
            "b": (width,),
            "unembedding": (self.n_vocab, self.d_state),
        }

    @property
    def size(self) -> int:
        return sum(map(prod, self.parts.values()))

    def named(self, flat: Array) -> dict[str, Array]:
        """The parts of a row of all numbers.  [parameter] -> …"""
        views, begin = {}, 0
        for name, shape in self.parts.items():
            views[name] = flat[begin : begin + prod(shape)].reshape(shape)
            begin += prod(shape)
        return views

    def begun(self, dtype: npt.DTypeLike = np.float32) -> Array:
        """Before the first step.  -> [parameter]"""
        generator, flat = np.random.default_rng((self.seed, 1)), np.zeros(self.size, dtype)
        spreads = {"embedding": SPREAD, "w_x": self.d_model**-0.5, "w_h": self.d_state**-0.5, "b": 0.0}
        for name, part in self.named(flat).items():
            part[...] = generator.standard_normal(part.shape) * spreads.get(name, self.d_state**-0.5)
        return flat

    def states(self, parts: dict[str, Array], x: Array) -> Array:
        """The state before the first word, which is 0, and after each.  [sentence, token, d_model] -> [token + 1, …]"""
        sentences, tokens, _ = x.shape
        states = np.zeros((tokens + 1, sentences, self.d_state), x.dtype)  # [token + 1, sentence, d_state]
        from_x = x @ parts["w_x"] + parts["b"]  # [sentence, token, gate · d_state]
        for token in range(tokens):
            states[token + 1] = self._state(from_x[:, token], states[token], parts)[0]
        return states

    def _state(self, from_x: Array, before: Array, parts: dict[str, Array]) -> tuple[Array, tuple[Array, ...]]:
        """The next state, and what the way back needs.  [sentence, gate · d_state], [sentence, d_state] -> …"""
        from_h, width = before @ parts["w_h"], self.d_state  # [sentence, gate · d_state]
        if self.kind == "elman":
            state: Array = np.tanh(from_x + from_h)  # [sentence, d_state]
            return state, ()
        stays, resets = (
            sigmoid(from_x[:, : 2 * width] + from_h[:, : 2 * width]).reshape(len(before), 2, width).swapaxes(0, 1)
        )
        new = np.tanh(from_x[:, 2 * width :] + resets * from_h[:, 2 * width :])  # [sentence, d_state]
        return (1.0 - stays) * new + stays * before, (stays, resets, new, from_h[:, 2 * width :])

    def back(self, parts: dict[str, Array], x: Array, states: Array, entering: Array) -> tuple[dict[str, Array], Array]:
        """The gradient of each matrix and of each word; `entering` is that of the states after each word.

        [sentence, token, d_model], [token + 1, sentence, d_state], [token, sentence, d_state]
        -> …, [sentence, token, d_model]
        """
        from_x = x @ parts["w_x"] + parts["b"]  # [sentence, token, gate · d_state]
        raw = np.empty_like(from_x)  # [sentence, token, gate · d_state]
        w_h = np.zeros_like(parts["w_h"])
        carried = np.zeros_like(states[0])  # [sentence, d_state]
        for token in reversed(range(x.shape[1])):
            before = states[token]
            carried = carried + entering[token]
            raw[:, token], from_h, direct = self._state_back(
                from_x[:, token], before, states[token + 1], carried, parts
            )
            w_h += before.T @ from_h
            carried = direct + from_h @ parts["w_h"].T
        flat = raw.reshape(-1, raw.shape[-1])  # [sentence · token, gate · d_state]
        gradient = {"w_x": x.reshape(-1, x.shape[-1]).T @ flat, "w_h": w_h, "b": flat.sum(axis=0)}
        return gradient, raw @ parts["w_x"].T

    def _state_back(
        self, from_x: Array, before: Array, after: Array, carried: Array, parts: dict[str, Array]
    ) -> tuple[Array, Array, Array]:
        """What comes back to the projections of the word and of the state, and to the state by itself."""
        if self.kind == "elman":
            raw = carried * (1.0 - after * after)  # [sentence, d_state]
            return raw, raw, np.zeros_like(carried)
        _, (stays, resets, new, from_h) = self._state(from_x, before, parts)
        to_new = carried * (1.0 - stays) * (1.0 - new * new)  # [sentence, d_state]
        to_stays = carried * (before - new) * stays * (1.0 - stays)
        to_resets = to_new * from_h * resets * (1.0 - resets)
        gates = np.concatenate([to_stays, to_resets], axis=1)  # [sentence, 2 · d_state]
        raw = np.concatenate([gates, to_new], axis=1)  # [sentence, 3 · d_state]
        return raw, np.concatenate([gates, to_new * resets], axis=1), carried * stays

    def loss_and_gradient(self, flat: Array, batch: Batch) -> tuple[float, Array]:
        """As for a transformer: the mean of −ln P over the places that count.  [parameter] -> …, [parameter]"""
        parts = self.named(flat)
        x = parts["embedding"][batch.ids]  # [sentence, token, d_model]
        states = self.states(parts, x)
        sentence, token = np.divmod(batch.counted, batch.ids.shape[1])  # [counted], [counted]
        last, targets = states[token + 1, sentence], batch.targets.ravel()[batch.counted]  # [counted, d_state], …
        chances, losses = said({"unembedding": parts["unembedding"]}, last, targets)
        chances[np.arange(len(last)), targets] -= 1.0
        chances /= len(last)
        entering = np.zeros_like(states[1:])  # [token, sentence, d_state]
        entering[token, sentence] = chances @ parts["unembedding"]
        gradient = np.zeros_like(flat)
        views = self.named(gradient)
        made, words = self.back(parts, x, states, entering)
        for name, part in made.items():
            views[name][...] = part
        views["unembedding"][...] = chances.T @ last
        np.add.at(views["embedding"], batch.ids.ravel(), words.reshape(-1, self.d_model))
        return float(losses.mean(dtype=np.float64)), gradient

    def measured(self, flat: Array, batch: Batch) -> Measured:
        """What is seen of it on these sentences; it has no heads."""
        parts = self.named(flat)
        states = self.states(parts, parts["embedding"][batch.ids])
        sentence, token = np.divmod(batch.counted, batch.ids.shape[1])  # [counted], [counted]
        targets = batch.targets.ravel()[batch.counted]  # [counted]
        return told(batch, *said({"unembedding": parts["unembedding"]}, states[token + 1, sentence], targets))

    def waits(self, tokens: int) -> int:
        """Each state is made of the one before."""
        return tokens

    def depends(self, flat: Array, ids: Places) -> Array:
        """How strongly the last state depends on each word: the norm of ∂state/∂x.  [token] -> [token]"""
        parts = self.named(flat)
        copies = np.broadcast_to(ids, (self.d_state, len(ids)))  # [d_state, token]: a sentence for each of its numbers
        x = parts["embedding"][copies]
        states = self.states(parts, x)
        entering = np.zeros_like(states[1:])
        entering[-1] = np.eye(self.d_state, dtype=entering.dtype)
        _, words = self.back(parts, x, states, entering)  # [d_state, token, d_model]
        return np.asarray(np.sqrt(np.square(words).sum(axis=(0, 2))))
