"""Attention as people write it in NumPy, all heads at once, and the lines that a variant of it has in their place."""

from __future__ import annotations

import re

from kitten_tui.core.chain import Chain

Pair = tuple[tuple[str, ...], tuple[str, ...]]
"""The lines that are right, and those that stand in their place."""

PROGRAM = (
    "x = e + p",
    "join = lambda z: z.swapaxes(0, 1).reshape(n, h * d_k)",
    "split = lambda y: y.reshape(n, h, d_k).swapaxes(0, 1)",
    "q = split(x @ W_q + b_q)",
    "k = split(x @ W_k + b_k)",
    "v = split(x @ W_v + b_v)",
    "q, k = rotate(q), rotate(k)",
    "s = q @ k.swapaxes(1, 2) / np.sqrt(d_k)",
    "mask = np.tril(np.ones((n, n), bool))",
    "s = s + bias",
    "s = np.where(mask, s, -np.inf)",
    "a = softmax(s, axis=-1)",
    "a = a * keep / (1 - rate) if training else a",
    "z = a @ v",
    "y = join(z) @ W_o + b_o",
)
"""e, p: [token, d_model]; W_q: [d_model, head·d_k], the heads side by side; s, a: [head, query, key]."""
PAIRS: dict[str, Pair] = {
    "softmax_axis": (("a = softmax(s, axis=-1)",), ("a = softmax(s, axis=-2)",)),
    "no_division": (("s = q @ k.swapaxes(1, 2) / np.sqrt(d_k)",), ("s = q @ k.swapaxes(1, 2)",)),
    "sqrt_d_model": (
        ("s = q @ k.swapaxes(1, 2) / np.sqrt(d_k)",),
        ("s = q @ k.swapaxes(1, 2) / np.sqrt(d_model)",),
    ),
    "mask_after": (
        ("s = np.where(mask, s, -np.inf)", "a = softmax(s, axis=-1)"),
        ("a = softmax(s, axis=-1)", "a = np.where(mask, a, 0)"),
    ),
    "mask_transposed": (("mask = np.tril(np.ones((n, n), bool))",), ("mask = np.triu(np.ones((n, n), bool))",)),
    "qk_swapped": (
        ("s = q @ k.swapaxes(1, 2) / np.sqrt(d_k)",),
        ("s = k @ q.swapaxes(1, 2) / np.sqrt(d_k)",),
    ),
    "heads_reshape": (
        ("split = lambda y: y.reshape(n, h, d_k).swapaxes(0, 1)",),
        ("split = lambda y: y.reshape(h, n, d_k)",),
    ),
    "no_w_o": (("y = join(z) @ W_o + b_o",), ("y = join(z)",)),
    "no_positions": (("x = e + p",), ("x = e",)),
    "dropout_on": (("a = a * keep / (1 - rate) if training else a",), ("a = a * keep / (1 - rate)",)),
    "same_qk": (("k = split(x @ W_k + b_k)",), ("k = split(x @ W_q + b_q)",)),
    "no_v": (("v = split(x @ W_v + b_v)",), ("v = k",)),
}
_BIAS = re.compile(r" \+ b_(\w)")


def program(chain: Chain, biases: str, variant: str = "") -> tuple[str, ...]:
    """The lines that are run for a chain; `biases` are those that there are, of "qkvo"."""
    right, wrong = pair(variant, chain, biases) if variant else ((), ())
    lines: list[str] = []
    for line in (_with(each, biases) for each in PROGRAM if _is_run(each, chain)):
        if line not in right:
            lines.append(line)
        elif line == right[0]:
            lines += wrong
    return tuple(lines)


def pair(variant: str, chain: Chain, biases: str) -> Pair:
    """The lines of a variant beside those that are right, for a chain with these biases."""
    right, wrong = PAIRS[variant]
    if variant == "no_positions" and "cos" in chain:
        right, wrong = ("q, k = rotate(q), rotate(k)",), ()
    elif variant == "no_positions" and "biased" in chain:
        right, wrong = ("s = s + bias",), ()
    return tuple(_with(line, biases) for line in right), tuple(_with(line, biases) for line in wrong)


def _is_run(line: str, chain: Chain) -> bool:
    if "rotate" in line:
        return "cos" in chain
    return "biased" in chain if line == "s = s + bias" else True


def _with(line: str, biases: str) -> str:
    """The line without the biases that there are none of."""
    return _BIAS.sub(lambda added: added[0] if added[1] in biases else "", line)
