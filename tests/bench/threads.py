"""How fast a model is computed with the threads that are chosen, beside one thread and one for each core.

    python tests/bench/threads.py [--turns N] [--busy N] [--layers N] [--width N]

The three take turns as processes of their own, each of which looks at the machine as it begins; then the same while
N others want a core (default: as many as there are). Needs the extra `models` and nothing else. Informs, never fails.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
TOKENIZER = ROOT / "tests" / "checkpoints" / "llama" / "tokenizer.json"
LAYERS, WIDTH, HEADS, TOKENS = 4, 1024, 16, 104
GOAL = 1.3
CHILD = """
import sys, time
from kitten_tui.threads import choose
given = sys.argv[2]
choose(int(given) if given else None)
from pathlib import Path
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.reading import Reading
reading = Reading(Model(Path(sys.argv[1])), sys.argv[3])
start = time.perf_counter()
reading.compute()
print(time.perf_counter() - start)
"""


def make(folder: Path, layers: int, width: int) -> None:
    """A model of random weights in the shape of Llama."""
    from safetensors.numpy import save_file

    inner = width * 11 // 4
    vocabulary = len(json.loads(TOKENIZER.read_text("utf-8"))["model"]["vocab"]) + 64
    config = {
        "model_type": "llama",
        "hidden_size": width,
        "intermediate_size": inner,
        "num_attention_heads": HEADS,
        "num_hidden_layers": layers,
        "vocab_size": vocabulary,
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": True,
    }
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    (folder / "tokenizer.json").write_text(TOKENIZER.read_text("utf-8"), "utf-8")
    draw = np.random.default_rng(0)

    def matrix(*shape: int) -> np.ndarray:
        return draw.normal(scale=0.02, size=shape).astype(np.float32)

    tensors = {"model.embed_tokens.weight": matrix(vocabulary, width), "model.norm.weight": np.ones(width, np.float32)}
    for layer in range(layers):
        at = f"model.layers.{layer}."
        tensors |= {f"{at}self_attn.{role}_proj.weight": matrix(width, width) for role in "qkvo"}
        tensors |= {f"{at}mlp.{role}_proj.weight": matrix(inner, width) for role in ("gate", "up")}
        tensors |= {f"{at}mlp.down_proj.weight": matrix(width, inner)}
        tensors |= {f"{at}{name}_layernorm.weight": np.ones(width, np.float32) for name in ("input", "post_attention")}
    save_file(tensors, folder / "model.safetensors")


def seconds(folder: Path, threads: str) -> float:
    code = [sys.executable, "-c", CHILD, str(folder), threads, " ".join(["cat"] * TOKENS)]
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_THREADS")}
    ran = subprocess.run(code, capture_output=True, text=True, cwd=ROOT, env=kept, check=True)
    return float(ran.stdout)


def _spin() -> None:
    while True:
        sum(range(10_000))


@contextmanager
def others(count: int) -> Iterator[None]:
    """So many processes that want a core all the time."""
    busy = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(count)]
    for process in busy:
        process.start()
    time.sleep(0.5)
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.join()


def row(name: str, folder: Path, turns: int) -> str:
    ways = {"chosen": "", "one": "1", "all": str(len(os.sched_getaffinity(0)))}
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(turns):
        for way, threads in ways.items():
            taken[way].append(seconds(folder, threads))
    better = min(("one", "all"), key=lambda way: median(taken[way]))
    ratio = median(ours / theirs for ours, theirs in zip(taken["chosen"], taken[better], strict=True))
    cells = " | ".join(f"{median(times):.2f} s" for times in taken.values())
    return f"| {name} | {cells} | {ratio:.2f} × | ≤ {GOAL} × |"


def main() -> int:
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5, help="how often each takes its turn (default: 5)")
    parser.add_argument("--busy", type=int, default=cores, help="others that want a core (default: all cores)")
    parser.add_argument("--layers", type=int, default=LAYERS, help=f"of the model (default: {LAYERS})")
    parser.add_argument("--width", type=int, default=WIDTH, help=f"of its vectors (default: {WIDTH})")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), arguments.layers, arguments.width)
        print(f"load {os.getloadavg()[0]:.1f} on {cores} cores before")
        print("| machine | chosen | one thread | all cores | chosen / better | goal |")
        print("|---|---|---|---|---|---|")
        print(row("as it is", Path(folder), arguments.turns), flush=True)
        with others(arguments.busy):
            print(row(f"{arguments.busy} more at work", Path(folder), arguments.turns), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
