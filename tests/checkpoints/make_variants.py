"""Makes variants.npz: what transformers computes from the tiny checkpoints of this folder with other config.json files.

    python tests/checkpoints/make_variants.py   # needs torch, transformers and peft

Beside it, adapters/ (low-rank adapters of some of them, with what they compute) and pickled.bin (the weights of llama
as torch.save writes them, some as halves, one of them in another order).
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import peft
import torch
import transformers
from make import Arrays, compute
from safetensors.torch import load_file

HERE = Path(__file__).resolve().parent
ACTIVATIONS = (
    *("gelu", "gelu_10", "gelu_fast", "gelu_new", "gelu_python", "gelu_pytorch_tanh", "gelu_python_tanh"),
    *("gelu_accurate", "hardswish", "laplace", "leaky_relu", "linear", "mish", "quick_gelu", "relu", "relu2", "relu6"),
    *("sigmoid", "silu", "sqrtsoftplus", "swish", "tanh"),
)
Changes = dict[str, Any]
VARIANTS: dict[str, tuple[str, Changes]] = {
    **{f"gpt2 {name}": ("gpt2", {"activation_function": name}) for name in ACTIVATIONS},
    **{f"llama {name}": ("llama", {"hidden_act": name}) for name in ("gelu_10", "mish", "relu2", "tanh")},
    **{f"{name} both ways": (name, {"is_causal": False}) for name in ("gpt2", "gpt_neox", "llama", "qwen3")},
    **{f"{name} both ways": (name, {"is_causal": False}) for name in ("mistral", "qwen2-sliding", "qwen3-sliding")},
    "llama no word of both ways": ("llama", {"is_causal": None}),
    "bert decoder": ("bert", {"is_decoder": True}),
    "bert decoder both ways": ("bert", {"is_decoder": True, "is_causal": False}),
    "bert causal": ("bert", {"is_causal": True}),
    "distilbert decoder": ("distilbert", {"is_decoder": True}),
    "roberta without padding": ("roberta", {"pad_token_id": ...}),
    "gpt_neox 1": ("gpt_neox", {"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.2}}),
    "gpt_neox 3": ("gpt_neox", {"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.4}}),
    "gpt_neox 7": ("gpt_neox", {"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.9}}),
    "gpt_neox 3 linear": (
        "gpt_neox",
        {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "partial_rotary_factor": 0.4}},
    ),
    "llama unsaid": (
        "llama",
        dict.fromkeys(("max_position_embeddings", "rms_norm_eps", "hidden_act", "tie_word_embeddings"), ...),
    ),
    "qwen2 unsaid": ("qwen2", dict.fromkeys(("max_position_embeddings", "rms_norm_eps", "sliding_window"), ...)),
    "qwen2 window unsaid": ("qwen2-sliding", {"sliding_window": ...}),
    "mistral window unsaid": ("mistral", {"sliding_window": ...}),
    "gpt2 other names": (
        "gpt2",
        {
            "n_embd": ...,
            "hidden_size": 16,
            "n_layer": ...,
            "num_hidden_layers": 2,
            "n_head": ...,
            "num_attention_heads": 4,
        },
    ),
    "llama scales of others": ("llama", {"scale_attn_weights": False, "scale_attn_by_inverse_layer_idx": True}),
    "mistral bias of others": ("mistral", {"mlp_bias": True}),
    "bert masked": ("bert", {}),
    "distilbert masked": ("distilbert", {}),
    "roberta masked": ("roberta", {}),
}
ADAPTERS: dict[str, tuple[str, Changes]] = {
    "llama": ("llama", {"r": 2, "lora_alpha": 6, "target_modules": ["q_proj", "v_proj", "down_proj"]}),
    "llama-stable": (
        "llama",
        {"r": 4, "use_rslora": True, "target_modules": ["k_proj"], "alpha_pattern": {"k_proj": 3}},
    ),
    "gpt2": ("gpt2", {"r": 2, "lora_alpha": 4, "target_modules": ["c_attn", "c_fc"], "fan_in_fan_out": True}),
    "bert": ("bert", {"r": 2, "lora_alpha": 2, "target_modules": ["query", "value"]}),
}


def load(folder: Path) -> transformers.PreTrainedModel:
    kind = getattr(transformers, json.loads((folder / "config.json").read_text())["architectures"][0])
    return kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def text_of(folder: str) -> str:
    with np.load(HERE / folder / "expected.npz") as stored:
        return str(stored["text"])


def variant(folder: str, changes: Changes) -> Arrays:
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(shutil.copytree(HERE / folder, Path(scratch, "model")))
        said = json.loads((copy / "config.json").read_text()) | changes
        said = {key: value for key, value in said.items() if value is not ...}
        (copy / "config.json").write_text(json.dumps(said))
        return answers(load(copy), copy, text_of(folder))


def answers(model: Any, folder: Path, text: str) -> Arrays:
    arrays = compute(model, folder, text)
    with torch.no_grad():
        answer = model(torch.tensor(arrays["ids"])[None])
    logits = getattr(answer, "logits", None)
    return {"attentions": arrays["attentions"]} | ({} if logits is None else {"logits": logits[0].numpy()})


def kept(name: str, arrays: Arrays) -> Arrays:
    """Logits are large: of most variants the attention is enough."""
    return {key: array for key, array in arrays.items() if key != "logits" or "masked" in name or "adapter" in name}


def adapter(name: str, folder: str, settings: Changes) -> Arrays:
    torch.manual_seed(len(name))
    model = peft.get_peft_model(load(HERE / folder), peft.LoraConfig(**settings))
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "lora_" in key:
                parameter.copy_(0.5 * torch.randn(parameter.shape))
    target = HERE / "adapters" / name
    shutil.rmtree(target, ignore_errors=True)
    model.save_pretrained(target)
    (target / "README.md").unlink(missing_ok=True)
    said = json.loads((target / "adapter_config.json").read_text()) | {"base_model_name_or_path": f"../../{folder}"}
    said["target_modules"] = sorted(said["target_modules"])
    (target / "adapter_config.json").write_text(json.dumps(said, indent=2, sort_keys=True) + "\n")
    return answers(model.merge_and_unload().eval(), HERE / folder, text_of(folder))


def pickle() -> None:
    tensors = load_file(HERE / "llama" / "model.safetensors")
    order = sorted(tensors)
    tensors[order[1]] = tensors[order[1]].T.contiguous().T
    tensors[order[2]] = tensors[order[2]].half()
    tensors[order[3]] = tensors[order[3]].bfloat16()
    tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.arange(2)
    torch.save(tensors, HERE / "pickled.bin")


def main() -> None:
    transformers.logging.set_verbosity_error()
    arrays: Arrays = {}
    for name, (folder, changes) in VARIANTS.items():
        for key, array in kept(name, variant(folder, changes)).items():
            arrays[f"{name}/{key}"] = array
        said = {key: None if value is ... else value for key, value in changes.items()}
        arrays[f"{name}/changes"] = np.array(
            json.dumps({"folder": folder, "said": said, "left out": [k for k in changes if changes[k] is ...]})
        )
    for name, (folder, settings) in ADAPTERS.items():
        for key, array in adapter(name, folder, settings).items():
            arrays[f"adapter {name}/{key}"] = array
    np.savez_compressed(HERE / "variants.npz", **arrays)
    pickle()
    print(f"{len(VARIANTS)} variants, {len(ADAPTERS)} adapters")


if __name__ == "__main__":
    main()
