"""What enters a layer of a model is shown with every step that leads to it; no figure of its pages stands twice."""

from __future__ import annotations

from functools import cache

import pytest

pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")

from piloting import TEXT, reading

from kitten_tui.desk.selection import Selection
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.stages import stages_of, turn_to
from kitten_tui.stages.figure import Matrix
from kitten_tui.stages.view import View

MODELS = ("llama", "qwen3", "bert", "families/albert-wide", "families/bloom", "families/gemma2")

every = pytest.mark.parametrize("name", MODELS)


@cache
def read(name: str) -> Reading:
    source = reading(name, TEXT)
    source.compute()
    return source


@every
def test_every_step_to_what_enters_attention_is_in_the_picture_with_what_it_is_made_of(name: str) -> None:
    source = read(name)
    for layer in range(source.n_layers):
        view = View(source, source.settings, Selection(layer=layer))
        sheet = turn_to(stages_of(source)[0], view).sheet
        shown, chain, step = {figure.name for figure in sheet.figures}, view.chain, "x"
        while chain[step].line:
            operands = [ref for ref in chain.operands(step) if ref.labels]
            wanted = {step, *(ref.name for ref in operands if ref.where or view.has(ref.name))}
            assert wanted <= shown, (layer, step)
            if operands[0].where:
                break
            step = operands[0].name


@every
def test_no_two_figures_of_a_page_have_one_id_and_each_row_and_column_has_its_label(name: str) -> None:
    source = read(name)
    for number, stage in enumerate(stages_of(source)):
        page = turn_to(stage, View(source, source.settings, Selection(stage=number, layer=1)))
        ids = [figure.id for figure in page.sheet.stops]
        assert len(ids) == len({*ids}), stage.id
        for figure in page.sheet.figures:
            if isinstance(figure, Matrix):
                assert figure.values.shape == (len(figure.rows), len(figure.columns)), figure.id
