"""Stores what transformers says of trained networks that were saved: `python -m tests.training.store_gpt2`, which needs
torch and transformers.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from kitten_tui.sources.training.run import Run
from kitten_tui.sources.training.saved import save_run
from kitten_tui.sources.training.tasks import TASKS

STORED = Path(__file__).with_name("gpt2.npz")
OTHERWISE: dict[str, dict[str, object]] = {
    "": {},
    "odd": {"n_layers": 3, "n_heads": 3, "d_model": 7, "d_k": 9},
    "no-positions": {"positions": False},
    "no-scale": {"scale": False},
}


def networks() -> Iterator[tuple[str, Run]]:
    """Each task as it is, and one of them otherwise; every number about as large as those of trained networks are."""
    for name, task in TASKS.items():
        for otherwise, of_shape in OTHERWISE.items():
            if not otherwise or name == "induction":
                setup = replace(task.setup, shape=replace(task.setup.shape, **of_shape))
                run = Run(replace(task, beside=()), setup)
                draw = np.random.default_rng(5).standard_normal(setup.shape.size)
                run.state.parameters.setflags(write=True)
                run.state.parameters[:] += 0.1 * draw
                yield f"{name}.{otherwise}", run


def main() -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    stored: dict[str, np.ndarray] = {}
    for name, run in networks():
        with tempfile.TemporaryDirectory() as parent:
            save_run(run, Path(parent) / "model")
            model = AutoModelForCausalLM.from_pretrained(Path(parent) / "model", attn_implementation="eager")
            tokenizer = AutoTokenizer.from_pretrained(Path(parent) / "model")
        ids = tokenizer(" ".join(run.task.sentence), return_tensors="pt").input_ids
        assert ids[0].tolist() == run.task.ids(run.task.sentence).tolist()
        with torch.no_grad():
            said = model(ids, output_attentions=True)
        stored[f"{name}.logits"] = said.logits[0].numpy()
        stored[f"{name}.weights"] = torch.stack(said.attentions)[:, 0].numpy()  # [layer, head, query, key]
    np.savez_compressed(STORED, **stored)


if __name__ == "__main__":
    main()
