"""What of a query and a key in transformers' models goes when one part before them is left out.

    python tests/checkpoints/make_origins.py     # needs torch and transformers; writes origins.npz anew

What the embeddings, the heads and the networks add is put back by hooks as it was, but for the one part that is 0, and
every norm divides by what it divided by with all of them. So q and k are sums of what goes with each part.
NAME/at [query, key, head], in the last layer; NAME/values float64 [part of the query, part of the key]: embeddings,
then the heads and the network of each layer before the last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer
from transformers.models.llama import modeling_llama

HERE = Path(__file__).resolve().parent
TEXT = "the cat saw the"
QUERY, KEY, HEAD = 3, 1, 1


@dataclass
class Names:
    """What transformers calls the parts; {n} is the number of a layer."""

    embeddings: tuple[str, ...]
    layers: str
    out: str
    network: str
    q: str
    k: str = ""
    norms: tuple[type, ...] = (torch.nn.LayerNorm,)


NAMES = {
    "gpt2": Names(("wte", "wpe"), "h", "attn.c_proj", "mlp", "attn.c_attn"),
    "bert": Names(
        tuple(f"embeddings.{kind}_embeddings" for kind in ("word", "position", "token_type")),
        *("encoder.layer", "attention.output.dense", "output.dense", "attention.self.query", "attention.self.key"),
    ),
    "llama": Names(("embed_tokens",), "layers", "self_attn.o_proj", "mlp", "", norms=(modeling_llama.LlamaRMSNorm,)),
}


class Held:
    """A model whose parts and sizes can be held as they were."""

    def __init__(self, name: str, names: Names) -> None:
        folder = HERE / name
        self.model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager")
        self.model.eval()
        self.ids = torch.tensor([Tokenizer.from_file(str(folder / "tokenizer.json")).encode(TEXT).ids])
        self.heads = self.model.config.num_attention_heads
        self.kv_heads = getattr(self.model.config, "num_key_value_heads", self.heads)
        self.d_k = self.model.config.hidden_size // self.heads
        self.kept: dict[str, torch.Tensor] = {}
        self.holds = False
        self.without = ""
        self.met: dict[str, torch.Tensor] = {}
        self.parts = [f"embedding {each}" for each in range(len(names.embeddings))]
        for each, path in enumerate(names.embeddings):
            self.model.get_submodule(path).register_forward_hook(self._after(f"embedding {each}"))
        layers = self.model.get_submodule(names.layers)
        for number, layer in enumerate(layers):
            layer.get_submodule(names.out).register_forward_pre_hook(self._before(f"concat {number}"))
            layer.get_submodule(names.network).register_forward_hook(self._after(f"network {number}"))
            if number + 1 < len(layers):
                self.parts += [f"concat {number} {head}" for head in range(self.heads)] + [f"network {number}"]
        for path, module in self.model.named_modules():
            if isinstance(module, names.norms):
                module.forward = self._norm(path, module)
        self._watch(layers[-1], names)

    def _watch(self, last: torch.nn.Module, names: Names) -> None:
        """Where q and k of the last layer are met, turned where they are turned."""
        if not names.q:
            turn = modeling_llama.apply_rotary_pos_emb

            def turned(*arguments: Any, **more: Any) -> Any:
                q, k = turn(*arguments, **more)  # [1, head, token, d_k]
                self.met |= {"q": q[0, HEAD], "k": k[0, HEAD // (self.heads // self.kv_heads)]}
                return q, k

            modeling_llama.apply_rotary_pos_emb = turned
            return
        own = slice(HEAD * self.d_k, (HEAD + 1) * self.d_k)

        def meet(role: str, start: int) -> Callable[..., None]:
            def hook(module: Any, inputs: Any, output: torch.Tensor) -> None:
                self.met[role] = output[0][:, start:][:, own]

            return hook

        last.get_submodule(names.q).register_forward_hook(meet("q", 0))
        behind = 0 if names.k else self.heads * self.d_k
        last.get_submodule(names.k or names.q).register_forward_hook(meet("k", behind))

    def _put(self, part: str, value: torch.Tensor) -> torch.Tensor:
        if not self.holds:
            self.kept[part] = value
            return value
        value = self.kept[part].clone()
        if self.without == part:
            value[:] = 0
        elif self.without.startswith(f"{part} "):
            head = int(self.without.split()[-1])
            value[..., head * self.d_k : (head + 1) * self.d_k] = 0
        return value

    def _after(self, part: str) -> Callable[..., Any]:
        return lambda module, inputs, output: self._put(part, output)

    def _before(self, part: str) -> Callable[..., Any]:
        return lambda module, inputs: (self._put(part, inputs[0]), *inputs[1:])

    def _norm(self, path: str, module: Any) -> Callable[[torch.Tensor], torch.Tensor]:
        rms = not isinstance(module, torch.nn.LayerNorm)
        eps = module.variance_epsilon if rms else module.eps

        def forward(x: torch.Tensor) -> torch.Tensor:
            centred = x if rms else x - x.mean(dim=-1, keepdim=True)
            size = torch.sqrt(centred.pow(2).mean(dim=-1, keepdim=True) + eps)
            size = self.kept[path] if self.holds else self.kept.setdefault(path, size)
            after = centred / size * module.weight
            return after if rms else after + module.bias

        return forward

    def roles(self, without: str = "") -> tuple[np.ndarray, np.ndarray]:
        """The query and the key.  -> [d_k], [d_k]"""
        self.without = without
        with torch.no_grad():
            self.model(self.ids)
        self.holds = True
        return self.met["q"][QUERY].numpy(), self.met["k"][KEY].numpy()


def made(name: str, names: Names) -> dict[str, np.ndarray]:
    held = Held(name, names)
    q, k = held.roles()
    gone = [held.roles(part) for part in held.parts]
    of_query, of_key = (
        np.stack([whole - other[role] for other in gone]) for role, whole in enumerate((q, k))
    )  # [part, d_k]
    return {f"{name}/at": np.array([QUERY, KEY, HEAD]), f"{name}/values": of_query @ of_key.T}


if __name__ == "__main__":
    np.savez_compressed(HERE / "origins.npz", **{k: v for name, of in NAMES.items() for k, v in made(name, of).items()})
