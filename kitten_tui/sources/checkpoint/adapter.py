"""What low-rank adaptation (Hu et al., "LoRA", 2021) has learned, added to the weights of the model below it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from kitten_tui.core.array_types import Array
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.reading import LARGEST_CONFIG, read_object

if TYPE_CHECKING:
    from kitten_tui.sources.checkpoint.tensors import Tensors

CONFIG = "adapter_config.json"
FILES = ("adapter_model.safetensors", "adapter_model.bin")
CLASSIFYING = ("SEQ_CLS", "TOKEN_CLS", "QUESTION_ANS")

Change = Callable[[Array], Array]
"""The numbers of a weight without the adapter -> with it."""


class Adapter:
    """A folder with adapter_config.json, read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / CONFIG
        try:
            self.said = read_object(path, LARGEST_CONFIG)
        except OSError as error:
            raise SourceError(f"{path}: {error.strerror}") from None
        self.path = path
        self._refuse("peft_type", "LORA", self.said.get("peft_type"), ("LORA",))
        self._refuse("use_dora", "false", self.said.get("use_dora") or False, (False,))
        self._refuse("lora_bias", "false", self.said.get("lora_bias") or False, (False,))
        drawn = self.said.get("init_lora_weights", True)
        # Others change the weights of the model too, before anything is learned.
        self._refuse("init_lora_weights", "true, false or gaussian", drawn, (True, False, None, "gaussian", "eva"))
        base = self.said.get("base_model_name_or_path")
        if not isinstance(base, str) or not base:
            raise SourceError(f"{path}: base_model_name_or_path: expected a model, found {json.dumps(base)[:80]}")
        self.base = base

    @property
    def file(self) -> Path:
        for name in FILES:
            if (self.folder / name).is_file():
                return self.folder / name
        raise SourceError(f"{self.folder}: expected {' or '.join(FILES)}, found neither")

    @property
    def classifies(self) -> bool:
        return self.said.get("task_type") in CLASSIFYING

    def _refuse(self, key: str, expected: str, found: object, known: tuple[object, ...]) -> None:
        if found not in known:
            raise SourceError(f"{self.path}: {key}: expected {expected}, found {json.dumps(found)[:80]}")

    def changes(self, own: Tensors, names: Collection[str], prefix: str, inward: bool) -> dict[str, Change]:
        """What each weight of the model becomes; inward says that they are stored [in, out]."""
        found: dict[str, Change] = {}
        for name in own.found:
            path = name.removeprefix("base_model.model.").replace(".default", "")
            if path.endswith(".lora_B.weight"):
                continue
            module = path.removesuffix(".lora_A.weight")
            if module != path:
                target = self._target(f"{module}.weight", names, prefix)
                found[target] = self._sum(own, name, module, inward)
            elif "lora_" in path:
                raise SourceError(f"{self.file}: {name}: expected lora_A and lora_B alone, found another part")
            else:  # a weight that was learned as a whole
                path = path.replace(".modules_to_save", "")
                if self.classifies and not any(one.endswith(path) for one in names):
                    continue
                found[self._target(path, names, prefix)] = self._instead(own, name)
        if not found:
            raise SourceError(f"{self.file}: expected lora_A and lora_B, found no tensor")
        return found

    def _target(self, path: str, names: Collection[str], prefix: str) -> str:
        """The weight of the model that is meant; a bare model has no name of its head before it."""
        candidates = [path, *(path[place + 1 :] for place in range(len(path)) if path[place] == ".")]
        for one in candidates:
            for name in (one, prefix + one):
                if name in names:
                    return name
        raise SourceError(f"{self.file}: expected a weight {path} in {self.base}, found none")

    def _sum(self, own: Tensors, name: str, module: str, inward: bool) -> Change:
        """W + B A · α / r."""
        other = name.replace("lora_A", "lora_B")
        if other not in own.found:
            raise SourceError(f"{self.file}: expected a tensor {other}, found none")
        first, last = own.found[name].shape, own.found[other].shape
        if len(first) != 2 or len(last) != 2 or first[0] != last[1] or not first[0]:
            raise SourceError(f"{self.file}: {other}: expected a matrix that fits lora_A, found {first} and {last}")
        scale = self._scale(module, first[0])
        transposed = inward or bool(self.said.get("fan_in_fan_out"))

        def change(w: Array) -> Array:
            added = (own.read(other, last) @ own.read(name, first)) * scale  # [out, in]
            added = added.T if transposed else added
            if added.shape != w.shape:
                raise SourceError(f"{self.file}: {name}: expected {w.shape} with lora_B, found {added.shape}")
            return w + added.astype(w.dtype)

        return change

    def _instead(self, own: Tensors, name: str) -> Change:
        return lambda w: own.read(name, w.shape)

    def _scale(self, module: str, rank: int) -> float:
        alpha = self.said.get("lora_alpha", 8)
        given = self.said.get("alpha_pattern")
        for pattern, value in (given if isinstance(given, dict) else {}).items():
            if not re.fullmatch(r"[\w.]+", pattern):
                raise SourceError(f"{self.path}: alpha_pattern: expected names of modules, found {pattern[:80]}")
            if module == pattern or module.endswith("." + pattern):
                alpha = value
        if not isinstance(alpha, (int, float)) or isinstance(alpha, bool):
            raise SourceError(f"{self.path}: lora_alpha: expected a number, found {json.dumps(alpha)[:80]}")
        return float(alpha) / (rank**0.5 if self.said.get("use_rslora") else rank)
