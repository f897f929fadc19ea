"""What transformers computes from the tiny checkpoints where the output of one head is put to zero by a hook.

    python tests/checkpoints/make_effects.py     # needs torch and transformers; writes effects.npz anew

NAME/logits  float32 [layer, head, vocabulary], after the last token; NAME/lens float32 [layer + 1, token, vocabulary]:
the output head after the last norm of every hidden state.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer

HERE = Path(__file__).resolve().parent
NAMES = {
    "gpt2": ("transformer.h", "attn.c_proj", "transformer.ln_f"),
    "llama": ("model.layers", "self_attn.o_proj", "model.norm"),
    "gpt_neox": ("gpt_neox.layers", "attention.dense", "gpt_neox.final_layer_norm"),
    "families/gemma2": ("model.layers", "self_attn.o_proj", "model.norm"),
    "families/bloom": ("transformer.h", "self_attention.dense", "transformer.ln_f"),
}
TEXT = "the cat saw the"


def made(name: str, layers: str, out: str, norm: str) -> dict[str, np.ndarray]:
    folder = HERE / name
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    ids = torch.tensor([Tokenizer.from_file(str(folder / "tokenizer.json")).encode(TEXT).ids])
    logits = []
    with torch.no_grad():
        states = model.eval()(ids, output_hidden_states=True)
        cap = getattr(model.config, "final_logit_softcapping", None)
        lens = []
        for at, state in enumerate(states.hidden_states):
            last = at == len(states.hidden_states) - 1  # transformers has normed that one already
            after = model.get_output_embeddings()(state if last else model.get_submodule(norm)(state))[0]
            lens.append(after if cap is None else torch.tanh(after / cap) * cap)
        for layer in model.get_submodule(layers):
            projection = layer.get_submodule(out)
            heads = model.config.num_attention_heads
            for head in range(heads):

                def silence(module, inputs, head=head, heads=heads):
                    every = inputs[0].clone()
                    every.view(*every.shape[:-1], heads, -1)[..., head, :] = 0
                    return (every, *inputs[1:])

                hook = projection.register_forward_pre_hook(silence)
                logits.append(model(ids).logits[0, -1])
                hook.remove()
    count = len(model.get_submodule(layers))
    return {
        f"{name}/logits": torch.stack(logits).view(count, -1, logits[0].shape[-1]).numpy(),
        f"{name}/own": states.logits[0, -1].numpy(),
        f"{name}/lens": torch.stack(lens).numpy(),
    }


if __name__ == "__main__":
    stored = {"text": np.array(TEXT)}
    for name, modules in NAMES.items():
        stored |= made(name, *modules)
    np.savez_compressed(HERE / "effects.npz", **stored)
