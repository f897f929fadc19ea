"""Compares what is read of tiny GGUF files of every architecture with what llama.cpp computes of the same files.

    python tests/checkpoints/check_llama_cpp.py --with PYTHON [NAME …]  # PYTHON has the package cyllama, which has it

Logits are compared, or of encoders what leaves the last layer. llama.cpp takes GELU from a table of halves. Where it
does otherwise than the model was trained, nothing is compared and it is said. Status 1 where one differs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve()
NEAR, NEAR_GELU = 2e-5, 2e-2
LEFT = {
    **dict.fromkeys(("phi3", "starcoder2", "mixtral-sliding"), "it looks through no windows there"),
    **dict.fromkeys(("gemma-biased", "cohere-normed", "falcon-one-norm"), "it has no biases there"),
    "starcoder2-plain": "it has biases there",
    "phi3-longrope": "it takes the long factors by the room that was asked for, not by the length of the text",
    "gpt_oss-yarn": "it rounds where the passage begins and ends",
    "gemma3_text": "it wants a layer that has no window",
    "glm": "its heads are as wide as the width of the model says",
    **dict.fromkeys(("t5", "mt5"), "it has no decoder that is longer than the encoder"),
}
"""What it does otherwise."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help="of the folders; all where none is named")
    parser.add_argument("--with", dest="python", required=True, metavar="PYTHON", help="has cyllama")
    asked = parser.parse_args()
    sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "sources"), str(HERE.parents[2])]
    import test_gguf_families as files

    every = {**files.MADE, **files.STACKED, "t5-encoder": "t5encoder"}
    wrong = 0
    for name, architecture in every.items():
        if asked.names and name not in asked.names:
            continue
        if name in LEFT:
            print(f"{name:20} {LEFT[name]}")
            continue
        with tempfile.TemporaryDirectory() as place:
            told, ours, gelu = made(files, name, architecture, Path(place))
            answer = subprocess.run([asked.python, str(HERE), "--theirs", told], capture_output=True, text=True)
            theirs = np.array(json.loads(answer.stdout.splitlines()[-1])) if answer.returncode == 0 else None
        apart = np.inf if theirs is None else float(np.abs(theirs[:, : ours.shape[1]] - ours).max())
        wrong += not apart <= (NEAR_GELU if gelu else NEAR)
        print(f"{name:20} {architecture:12} {apart:.1e}  {answer.stderr.strip()[-200:] if theirs is None else ''}")
    return 1 if wrong else 0


def made(files: Any, name: str, architecture: str, place: Path) -> tuple[str, np.ndarray, bool]:
    """What to ask of a file, what is read of it, and whether it has a GELU."""
    _, model = files.twins(name, architecture, place)
    wanted, told = files.wanted(name), {"file": str(place / "tiny.gguf"), "last": not model.says_next}
    if name in files.STACKED:
        readings = [
            files.open_texts(model, str(wanted["text"]), str(wanted["second"]), part) for part in ("encoder", "decoder")
        ]
        for reading in readings:
            reading.compute()
        told |= {"read": list(map(int, readings[0].ids)), "last": False}
        reading = readings[1]
    else:
        reading = files.computed(model, name)
    told["ids"] = list(map(int, reading.ids))
    last = reading.stream(reading.n_layers)
    stack = reading.model
    ours = stack.leaving(last) if told["last"] else np.array([stack.logits(stack.last(row)) for row in last])
    return json.dumps(told | {"width": int(ours.shape[1])}), np.asarray(ours), "gelu" in stack.config.activation


def theirs(told: dict[str, Any]) -> list[list[float]]:
    from cyllama.llama import llama_cpp

    class Model(llama_cpp.LlamaModel):
        n_vocab = told["width"]

    llama_cpp.disable_logging()
    llama_cpp.llama_backend_init()
    llama_cpp.ggml_backend_load_all()
    settings = llama_cpp.LlamaContextParams()
    settings.n_ctx = settings.n_batch = settings.n_ubatch = 64
    settings.type_k = settings.type_v = 0  # whole numbers of keys and values
    settings.flash_attn_type = 0
    if told["last"]:
        settings.embeddings, settings.pooling_type = True, 0
    context = llama_cpp.LlamaContext(Model(told["file"], llama_cpp.LlamaModelParams()), settings)

    def batch(ids: list[int]) -> Any:
        of = llama_cpp.LlamaBatch(n_tokens=len(ids), embd=0, n_seq_max=1)
        for place, number in enumerate(ids):
            of.add(number, place, [0], True)
        return of

    if "read" in told:
        context.encode(batch(told["read"]))
    (context.encode if told["last"] else context.decode)(batch(told["ids"]))
    rows = context.get_embeddings_ith if told["last"] else context.get_logits_ith
    return [[float(number) for number in rows(place)] for place in range(len(told["ids"]))]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--theirs"]:
        print(json.dumps(theirs(json.loads(sys.argv[2]))))
    else:
        sys.exit(main())
