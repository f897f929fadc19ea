"""What the tiny checkpoints are fit for, and that the table of families says of them what is so."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

import test_families
import test_two_texts
from stored import CHECKPOINTS, FAMILIES, FAMILY_NAMES, NAMES, expected, stored_family

from kitten_tui.sources.checkpoint.families import FAMILIES as KNOWN
from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.tensors import Tensors
from kitten_tui.sources.checkpoint.texts import TWO_STACKS, open_texts

ROOT = Path(__file__).parents[2]
BUFFERS = re.compile(r"\.(attention|attn)\.(masked_)?bias$|inv_freq$|position_ids$")
OTHERWISE = 1.5
"""Another library for matrices rounds otherwise."""


@pytest.mark.parametrize(
    "folder", [*(CHECKPOINTS / name for name in NAMES), *(FAMILIES / name for name in FAMILY_NAMES)]
)
def test_no_tensor_is_all_one_number(folder):
    """Biases of 0 and gains of 1 would hide that nobody reads them, and a head that is the embedding whose it is."""
    tensors = Tensors(folder)
    numbers = {name: tensors.read(name, of.shape) for name, of in tensors.found.items() if not BUFFERS.search(name)}
    assert [name for name, each in numbers.items() if each.size > 1 and np.ptp(each) == 0.0] == []
    heads = [name for name in numbers if re.search(r"(^|\.)(lm_head|embed_out)\.weight$", name)]
    tables = [each for name, each in numbers.items() if name not in heads and each.ndim == 2]
    assert not any(np.array_equal(numbers[head], table) for head in heads for table in tables)


def rows(document: str) -> list[tuple[str, ...]]:
    """Of the table of families: which, what is special, the largest difference."""
    lines = (ROOT / document).read_text("utf-8").splitlines()
    start = next(place for place, line in enumerate(lines) if "`model_type`" in line and line.startswith("|")) + 2
    end = next(place for place in range(start, len(lines)) if not lines[place].startswith("|"))
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[start:end]]


def families(cell: str) -> set[str]:
    return set(re.findall(r"[\w-]+", cell)) & set(KNOWN)


@cache
def largest() -> dict[str, float]:
    """How far attention is from that of transformers at most, by family."""
    apart: dict[str, float] = {}
    for place, names, get in ((CHECKPOINTS, NAMES, expected), (FAMILIES, FAMILY_NAMES, stored_family)):
        for name in names:
            wanted, model = get(name), Model(place / name)
            texts = [str(wanted[key]) for key in ("text", "second") if key in wanted]
            for part in TWO_STACKS if len(texts) == 2 else (None,):
                reading = open_texts(model, *texts, part=part)
                reading.compute()
                layers, heads = range(reading.n_layers), range(reading.n_heads)
                made = [[reading.trace(n, h, reading.settings)["weights"] for h in heads] for n in layers]
                key = "attentions" if part in (None, "encoder") else f"{part}_attentions"
                kind = model.config.model_type
                apart[kind] = max(apart.get(kind, 0.0), float(np.abs(np.array(made) - wanted[key]).max()))
    return apart


def test_every_family_has_its_row_in_both_languages():
    english, chinese = rows("README.md"), rows("README.zh.md")
    assert set().union(*(families(row[0]) for row in english)) == set(KNOWN)
    assert {(frozenset(families(row[0])), row[2]) for row in english} == {
        (frozenset(families(row[0])), row[2]) for row in chinese
    }


@pytest.mark.slow
def test_the_differences_in_the_table_are_those_that_are_stored():
    wrong = {}
    for names, _, figure in rows("README.md"):
        found = max(largest()[name] for name in families(names))
        if not float(figure) / 10 < found <= float(figure) * OTHERWISE:
            wrong[names] = (figure, found)
    assert wrong == {}


@pytest.mark.slow
def test_the_difference_of_what_leaves_layers_and_models_is_the_one_that_is_said():
    said = {
        re.search(pattern, (ROOT / document).read_text("utf-8"))[1]  # type: ignore[index]
        for document, pattern in (
            ("README.md", r"hidden states and logits it is (\S+?);"),
            ("README.zh.md", r"所有隐藏状态和 logits 为 (\S+?)；"),
        )
    }
    apart = []
    for name in FAMILY_NAMES:
        reading, wanted = test_families.read(name), stored_family(name)
        layers = range(reading.n_layers + 1)
        apart += [np.abs(test_families.hidden(reading, n) - wanted["hidden_states"][n]).max() for n in layers]
        if "logits" in wanted:
            last = reading.stream(reading.n_layers)
            apart.append(
                np.abs([reading.model.logits(reading.model.last(row)) for row in last] - wanted["logits"]).max()
            )
    for name in test_two_texts.STACKED:
        reading, wanted = test_two_texts.stack(name, "decoder"), stored_family(name)
        made = test_two_texts.hidden(reading)
        apart.append(np.abs(made - wanted["decoder_hidden_states"]).max())
    (figure,) = said
    assert float(figure) / 10 < max(apart) <= float(figure) * OTHERWISE
