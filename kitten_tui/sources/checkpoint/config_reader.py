"""config.json, asked by what the numbers are and not by what it calls them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from copy import copy
from pathlib import Path
from typing import Any

from kitten_tui.sources.checkpoint.families import FAMILIES, KEYS, Family
from kitten_tui.sources.checkpoint.layout import families_of
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.reading import LARGEST_CONFIG, read_object

ALSO = {"n_experts": "num_local_experts"}
"""What files of another version call a number, where that is not what most call it."""
LARGEST = 10_000_000
"""No honest size in a config is larger."""
MOST_LAYERS = 4096
"""Each is looked over before anything is computed."""

TWO_STACKS = "|ForConditionalGeneration|EncoderModel"
"""What those of two stacks may be called besides."""
HEADS = r"Model|LMHeadModel|DoubleHeadsModel|For(CausalLM|MaskedLM|PreTraining|NextSentencePrediction|{})"
CLASSIFIERS = "SequenceClassification|TokenClassification|QuestionAnswering|MultipleChoice"
"""What transformers' own classes of these families are called after the name of the family."""


Names = Callable[[], Iterable[str]]


class ConfigReader:
    """One config.json, asked by what the numbers are and not by what it calls them."""

    def __init__(self, path: Path, names: Names = tuple, trusted: bool = False) -> None:
        self.path = path
        self.nested = False
        try:
            self.raw = read_object(path, LARGEST_CONFIG)
        except FileNotFoundError:
            raise SourceError(f"{path.parent}: expected config.json, found none") from None
        except OSError as error:
            raise SourceError(f"{path}: {error.strerror}") from None
        self._refuse_quantized()
        model_type, inner = self.raw.get("model_type"), self.raw.get("text_config")
        if isinstance(inner, dict) and not (isinstance(model_type, str) and model_type in FAMILIES):
            # A model of pictures and text: the part that reads text is described inside.
            shared = {key: self.raw[key] for key in ("tie_word_embeddings", "auto_map") if key in self.raw}
            unsaid = {"model_type": "llama"} if "llava" in str(model_type) else {}
            self.raw, self.nested = unsaid | shared | inner, True
            self._refuse_quantized()
        self.model_type = self.raw.get("model_type", self._model_type_of(names))
        family = FAMILIES.get(self.model_type) if isinstance(self.model_type, str) else None
        if family is None:
            known = ", ".join(FAMILIES)
            raise SourceError(f"{path}: model_type: expected one of {known}, found {json.dumps(self.model_type)[:80]}")
        self.family = family
        if not trusted:
            self._refuse_own_code()

    def _refuse_quantized(self) -> None:
        for key in ("quantization_config", "compression_config"):
            about = self.raw.get(key)
            if about is not None:
                method = (
                    about.get("quant_method", about.get("quantization_method")) if isinstance(about, dict) else about
                )
                raise self.refuse(key, "weights as they were trained, or a GGUF file of them", method)

    def _model_type_of(self, names: Names) -> str | None:
        """What decides where config.json does not say: the class of the model, else the names of its tensors."""
        if "model_type" in self.raw:
            return None
        fitting = families_of(names())
        classes = self._classes()
        named = [kind for kind in FAMILIES if any(re.fullmatch(_own(FAMILIES[kind]), name) for name in classes)]
        if named:
            return named[0]
        if "mistral" in fitting:  # the names of llama too
            return "mistral" if "sliding_window" in self.raw else "llama"
        if len(fitting) > 1:
            raise self.refuse("model_type", f"one of {', '.join(fitting)}, which the names of the tensors fit", None)
        return fitting[0] if fitting else None

    def of_decoder(self) -> ConfigReader | None:
        """The same file asked about the stack that writes; None where there is none, or it was left out."""
        if self.family.decoder is None:
            return None
        alone = any(name.endswith("EncoderModel") for name in self._classes())
        if alone or not self.raw.get("is_encoder_decoder", True):
            return None
        other = copy(self)
        other.family = self.family.decoder
        return other

    def _classes(self) -> list[str]:
        classes = self.raw.get("architectures")
        return [name for name in classes if isinstance(name, str)] if isinstance(classes, list) else []

    def _refuse_own_code(self) -> None:
        """A model whose layers are put together by code of its own may be none of the family that it names."""
        own = self.raw.get("auto_map")
        for key, code in own.items() if isinstance(own, dict) else ():
            if key == "AutoConfig" or key.startswith("AutoModel"):
                raise SourceError(
                    f"{self.path}: auto_map: {key}: expected a model of transformers' own, found code that comes "
                    f"with it: {json.dumps(code)[:80]}; --trust-layout reads it as {self.model_type}"
                )
        for name in self._classes():
            if not re.fullmatch(_own(self.family), name):
                raise SourceError(
                    f"{self.path}: architectures: expected a model of {self.model_type}, "
                    f"found {json.dumps(name)[:80]}; --trust-layout reads it as {self.model_type}"
                )

    @property
    def classifies(self) -> bool:
        return any(re.fullmatch(rf"\w*For({CLASSIFIERS})", name) for name in self._classes())

    def key(self, name: str) -> str:
        return self.family.keys.get(name, KEYS.get(name, name))

    def get(self, name: str) -> Any:
        """What stands there, else what the family has by default; None where neither says."""
        found = self._said(name)
        return self.family.defaults.get(name) if found is None else found

    def _said(self, name: str) -> Any:
        keys = (self.key(name), ALSO.get(name, KEYS.get(name, ""))) if self.key(name) else ()
        return next((self.raw[key] for key in keys if key in self.raw), None)

    def says(self, name: str) -> bool:
        """Whether it stands there; what a family has no key for is never asked for."""
        return bool(self.key(name)) and (self.key(name) in self.raw or ALSO.get(name, KEYS.get(name)) in self.raw)

    def size(self, name: str, otherwise: int | None = None) -> int:
        """A whole number from 1. Nothing is no answer where something has to be said."""
        found = self._said(name) if self.says(name) else self.get(name)
        found = otherwise if found is None else found
        if not isinstance(found, int) or isinstance(found, bool) or not 1 <= found <= LARGEST:
            shown = "nothing" if found is None else json.dumps(found)[:40]
            raise SourceError(f"{self.path}: {self.key(name)}: expected a whole number from 1, found {shown}")
        return found

    def share(self, name: str) -> float:
        """A number from 0 to 1."""
        found = self.get(name)
        if not isinstance(found, (int, float)) or isinstance(found, bool) or not 0 <= found <= 1:
            raise self.refuse(self.key(name), "a number from 0 to 1", found)
        return float(found)

    def refuse(self, key: str, expected: str, found: object) -> SourceError:
        return SourceError(f"{self.path}: {key}: expected {expected}, found {json.dumps(found)[:80]}")


class Said(ConfigReader):
    """What a file of another kind says, in the words of config.json."""

    def __init__(self, path: Path, raw: dict[str, Any], family: Family) -> None:
        self.path = path
        self.raw = raw
        self.nested = False
        self.model_type = raw["model_type"]
        self.family = family


def _own(family: Family) -> str:
    """The names of transformers' classes of a family."""
    two = "" if family.decoder is None else TWO_STACKS
    return rf"(TF|Flax)?{family.classes}({HEADS.format(CLASSIFIERS)}{two})"
