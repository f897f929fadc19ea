"""Texts are cut as transformers' AutoTokenizer cuts them, and pieces are shown as people read them."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from stored import CHECKPOINTS

from kitten_tui.sources.checkpoint.tokenizer import read_tokenizer


@cache
def stored() -> dict[str, Any]:
    return json.loads(gzip.decompress((CHECKPOINTS / "tokens.json.gz").read_bytes()))


def place(case: dict[str, Any], tmp_path: Path) -> Path:
    """A copy of the folder with other files."""
    folder = Path(shutil.copytree(CHECKPOINTS / case["folder"], tmp_path / "model"))
    for name, content in case["files"].items():
        if content is None:
            (folder / name).unlink()
        elif name == "tokenizer.model":
            (folder / name).write_bytes(base64.b64decode(stored()["models"][content["model"]]))
        else:
            (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return folder


@pytest.mark.parametrize("number", range(len(stored()["cases"])))
def test_every_text_has_the_tokens_of_transformers(number, tmp_path):
    case = stored()["cases"][number]
    folder = place(case, tmp_path)
    said = json.loads((folder / "config.json").read_text())
    tokenizer, _ = read_tokenizer(folder, said["model_type"], said.get("tokenizer_class"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    wrong = {
        text: (tokenizer.encode(text).ids, ids)
        for text, ids in zip(stored()["texts"], case["ids"], strict=True)
        if tokenizer.encode(text).ids != ids
    }
    assert not wrong
