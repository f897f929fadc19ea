"""What transformers goes on with after a text in the tiny checkpoints, and what it would draw from.

    python tests/checkpoints/make_generated.py     # needs torch and transformers; writes generated.json anew

For each checkpoint the tokens that greedy generation appends, and, for each setting, the probabilities of the next
token after temperature, top-k and top-p.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer
from transformers.generation.logits_process import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

HERE = Path(__file__).resolve().parent
NAMES = (
    *("gpt2", "gpt_neox", "llama", "llama-llama3", "llama-yarn", "mistral", "qwen2", "qwen2-sliding", "qwen3-sliding"),
    *("families/bloom", "families/gemma2", "families/gpt_neo", "families/gptj", "families/opt", "families/mixtral"),
)
TEXT, COUNT = "the cat saw the", 12
SETTINGS = ((0.7, 0, 1.0), (1.0, 5, 1.0), (1.3, 0, 0.6), (0.5, 20, 0.9))


def drawn(logits: torch.Tensor, temperature: float, top_k: int, top_p: float) -> list[float]:
    warpers = [TemperatureLogitsWarper(temperature)]
    warpers += [TopKLogitsWarper(top_k)] if top_k else []
    warpers += [TopPLogitsWarper(top_p)] if top_p < 1 else []
    for warper in warpers:
        logits = warper(None, logits)
    return torch.softmax(logits.double(), dim=-1)[0].tolist()


def made(name: str) -> dict[str, object]:
    folder = HERE / name
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    ids = torch.tensor([Tokenizer.from_file(str(folder / "tokenizer.json")).encode(TEXT).ids])
    with torch.no_grad():
        after = model.eval().generate(ids, do_sample=False, max_new_tokens=COUNT, pad_token_id=0)[0, ids.shape[1] :]
        logits = model(ids).logits[:, -1]
    return {
        "greedy": after.tolist(),
        "drawn": [
            {"temperature": t, "top_k": k, "top_p": p, "probabilities": [round(x, 7) for x in drawn(logits, t, k, p)]}
            for t, k, p in SETTINGS
        ],
    }


if __name__ == "__main__":
    stored = {"text": TEXT, "made": {name: made(name) for name in NAMES}}
    (HERE / "generated.json").write_text(json.dumps(stored) + "\n")
