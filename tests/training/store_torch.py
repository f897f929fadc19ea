"""Stores what torch says of the same losses: `python -m tests.training.store_torch`, which needs torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from kitten_tui.sources.training.shape import draw
from kitten_tui.sources.training.tasks import TASKS

STORED = Path(__file__).with_name("torch.npz")
HIDDEN = {"": 0, "whole.": 5}


def loss_of(parts: dict[str, torch.Tensor], shape, batch) -> torch.Tensor:  # type: ignore[no-untyped-def]
    """The loss by torch's own functions."""
    ids, n = torch.tensor(batch.ids), batch.ids.shape[1]
    stream = parts["embedding"][ids] + parts["position"][:n]
    layer_norm = torch.nn.functional.layer_norm

    def norm(x: torch.Tensor, name: str, layer: str) -> torch.Tensor:
        return layer_norm(x, x.shape[-1:], parts[f"{name}_gain{layer}"], parts[f"{name}_bias{layer}"], 1e-5)

    for number in range(shape.n_layers):
        at = f".{number}"
        x = norm(stream, "x", at) if shape.whole else stream
        q, k, v = (torch.einsum("stm,hmd->hstd", x, parts[f"w_{role}{at}"]) for role in "qkv")
        if shape.whole:
            q, k, v = (a + parts[f"b_{role}{at}"][:, None, None] for a, role in zip((q, k, v), "qkv", strict=True))
        z = torch.nn.functional.scaled_dot_product_attention(
            q, k, v, is_causal=True, scale=shape.d_k**-0.5 if shape.scale else 1.0
        )
        stream = stream + torch.einsum("hstd,hdm->stm", z, parts[f"w_o{at}"])
        if shape.whole:
            stream = stream + parts[f"b_o{at}"]
            hidden = norm(stream, "middle", at) @ parts[f"w_up{at}"] + parts[f"b_up{at}"]
            hidden = torch.nn.functional.gelu(hidden, approximate="tanh")
            stream = stream + hidden @ parts[f"w_down{at}"] + parts[f"b_down{at}"]
    if shape.whole:
        stream = norm(stream, "last", "")
    logits = (stream @ parts["unembedding"].T).reshape(-1, shape.n_vocab)[batch.counted]
    return torch.nn.functional.cross_entropy(logits, torch.tensor(batch.targets.ravel()[batch.counted]))


def main() -> None:
    stored: dict[str, np.ndarray] = {}
    for name, task in TASKS.items():
        for prefix, hidden in HIDDEN.items():
            shape = replace(task.setup.shape, d_model=6, d_k=2, d_hidden=hidden)
            batch = task.draw(np.random.default_rng(1), 3)
            at = draw(shape, 2, "random", 0.5, np.float64)
            at.flat[:] += 0.1 * np.random.default_rng(3).standard_normal(shape.size)
            parts = {part: torch.tensor(array.copy(), requires_grad=True) for part, array in at.items()}
            loss = loss_of(parts, shape, batch)
            loss.backward()
            whole = np.concatenate([parts[part].grad.numpy().ravel() for part in at])
            key = f"{prefix}{name}"
            stored |= {f"{key}.parameters": at.flat, f"{key}.ids": batch.ids, f"{key}.targets": batch.targets}
            stored |= {f"{key}.counted": batch.counted, f"{key}.loss": np.array(loss.item()), f"{key}.gradient": whole}
    np.savez_compressed(STORED, **stored)


if __name__ == "__main__":
    main()
