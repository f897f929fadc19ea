"""Stores what torch says of the same losses: `python -m tests.training.store_torch`, which needs torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from kitten_tui.sources.training.shape import draw
from kitten_tui.sources.training.tasks import TASKS

STORED = Path(__file__).with_name("torch.npz")


def loss_of(parts: dict[str, torch.Tensor], shape, batch) -> torch.Tensor:  # type: ignore[no-untyped-def]
    """The loss by torch's own functions."""
    ids, n = torch.tensor(batch.ids), batch.ids.shape[1]
    stream = parts["embedding"][ids] + parts["position"][:n]
    for layer in range(shape.n_layers):
        q, k, v = (torch.einsum("stm,hmd->hstd", stream, parts[f"w_{role}.{layer}"]) for role in "qkv")
        z = torch.nn.functional.scaled_dot_product_attention(
            q, k, v, is_causal=True, scale=shape.d_k**-0.5 if shape.scale else 1.0
        )
        stream = stream + torch.einsum("hstd,hdm->stm", z, parts[f"w_o.{layer}"])
    logits = (stream @ parts["unembedding"].T).reshape(-1, shape.n_vocab)[batch.counted]
    return torch.nn.functional.cross_entropy(logits, torch.tensor(batch.targets.ravel()[batch.counted]))


def main() -> None:
    stored: dict[str, np.ndarray] = {}
    for name, task in TASKS.items():
        shape = replace(task.setup.shape, d_model=6, d_k=2)
        batch = task.draw(np.random.default_rng(1), 3)
        at = draw(shape, 2, "random", 0.5, np.float64)
        at.flat[:] += 0.1 * np.random.default_rng(3).standard_normal(shape.size)
        parts = {part: torch.tensor(array.copy(), requires_grad=True) for part, array in at.items()}
        loss = loss_of(parts, shape, batch)
        loss.backward()
        whole = np.concatenate([parts[part].grad.numpy().ravel() for part in at])
        stored |= {f"{name}.parameters": at.flat, f"{name}.ids": batch.ids, f"{name}.targets": batch.targets}
        stored |= {f"{name}.counted": batch.counted, f"{name}.loss": np.array(loss.item()), f"{name}.gradient": whole}
    np.savez_compressed(STORED, **stored)


if __name__ == "__main__":
    main()
