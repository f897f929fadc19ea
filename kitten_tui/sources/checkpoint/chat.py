"""A text in a model's own chat template: what stands around it when the model answers somebody."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitten_tui.sources.checkpoint.gguf_model import GgufTensors
from kitten_tui.sources.checkpoint.tokenizer import CONFIG, named_tokens
from kitten_tui.sources.errors import SourceError, plainly
from kitten_tui.sources.reading import LARGEST_CONFIG, read_object, read_text

if TYPE_CHECKING:
    from kitten_tui.sources.checkpoint.model import Model

FILE = "chat_template.jinja"
KEY = "chat_template"
IN_GGUF = "tokenizer.chat_template"
LARGEST = 1_000_000
"""Bytes of a template; the longest known has a fiftieth of them."""
MOST = 1_000_000
"""Characters that a template may make of a text."""
SECONDS, MEMORY = 5, 500_000_000
"""What it may take to do so."""
_CHILD = Path(__file__).with_name("chat_child.py")
_GGUF_TOKENS = {"bos": "bos", "eos": "eos", "unk": "unknown", "sep": "seperator", "pad": "padding"}
"""How GGUF files call the tokens that templates ask for, one of them so written."""


@dataclass(frozen=True, eq=False)
class Chat:
    """A template, and the tokens that it may ask for."""

    path: Path
    """The file that it is from."""
    template: str
    tokens: Mapping[str, str]

    @classmethod
    def of(cls, model: Model) -> Chat:
        """That of a model.

        Raises:
            SourceError: it has none, or Jinja is not there to render it.
        """
        if find_spec("jinja2") is None:
            raise SourceError("--chat: needs jinja2: pip install 'kitten-tui[chat]'")
        if isinstance(model.tensors, GgufTensors):
            said = model.tensors.gguf.said
            return cls(model.folder, _checked(model.folder, IN_GGUF, said.get(IN_GGUF)), _tokens_of(said))
        folder = model.folder
        named = named_tokens(folder, model.config.tokenizer_of, model.config.raw.get("tokenizer_class"))
        with plainly():
            if (folder / FILE).is_file():
                return cls(folder / FILE, read_text(folder / FILE, LARGEST), named)
            path = folder / CONFIG
            said = read_object(path, LARGEST_CONFIG, "a tokenizer's settings") if path.is_file() else {}
        return cls(path, _checked(folder, KEY, _default(said.get(KEY))), named)

    def around(self, text: str) -> str:
        """A text as what somebody says, and the place where the model answers.

        Raises:
            SourceError: the template goes wrong, or does not end.
        """
        given = {**self.tokens, "messages": [{"role": "user", "content": text}], "tools": None, "documents": None}
        asked = {"template": self.template, "given": {**given, "add_generation_prompt": True}, "most": MOST}
        asked |= {"seconds": SECONDS, "bytes": MEMORY}
        command = (sys.executable, "-P", "-X", "utf8", str(_CHILD))
        try:
            done = subprocess.run(
                command, input=json.dumps(asked), capture_output=True, encoding="utf-8", timeout=2 * SECONDS
            )
            told: dict[str, str] = json.loads(done.stdout)
        except (subprocess.TimeoutExpired, json.JSONDecodeError):
            told = {"problem": f"expected one that ends within {SECONDS} s and {MEMORY // 1_000_000} MB, found another"}
        if "text" not in told:
            raise SourceError(f"{self.path}: chat template: {told['problem']}")
        return told["text"]


def _default(said: Any) -> Any:
    """Of several templates the one that is for any text."""
    if not isinstance(said, list):
        return said
    return next((one.get("template") for one in said if isinstance(one, dict) and one.get("name") == "default"), None)


def _checked(path: Path, key: str, template: Any) -> str:
    if not isinstance(template, str):
        found = "none" if template is None else f"a {type(template).__name__}"
        raise SourceError(f"{path}: --chat: expected a model with a {key}, found {found}")
    if len(template) > LARGEST:
        raise SourceError(f"{path}: {key}: expected at most {LARGEST:,} characters, found {len(template):,}")
    return template


def _tokens_of(said: Mapping[str, Any]) -> dict[str, str]:
    """The tokens that a GGUF file names."""
    every = said.get("tokenizer.ggml.tokens") or []
    numbers = {f"{name}_token": said.get(f"tokenizer.ggml.{key}_token_id") for name, key in _GGUF_TOKENS.items()}
    known = {name: number for name, number in numbers.items() if isinstance(number, int) and 0 <= number < len(every)}
    return {name: str(every[number]) for name, number in known.items()}
