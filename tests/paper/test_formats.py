from __future__ import annotations

import csv
import io
import json
import re
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from kitten_tui.cli import BAD, OK
from kitten_tui.desk.selection import Selection
from kitten_tui.paper import document
from kitten_tui.paper.document import Document, StageSection
from kitten_tui.paper.formats import FORMATS, named, of_path, write
from kitten_tui.paper.html import html
from kitten_tui.paper.tables import Table
from kitten_tui.sources.errors import ExistsError, SourceError
from kitten_tui.sources.find import open_source, samples
from kitten_tui.sources.sentence import from_sentence
from kitten_tui.stages.view import View
from kitten_tui.words import LANGUAGES, Words

EN = Words("en")
HERE = [form for form in FORMATS if form.name != "png" or find_spec("resvg_py")]
"""Those whose extras are installed."""
HOSTILE = r"<script>alert(1)</script> \input{x} `_*[a](b)| &amp; % $ # { } ~ ^ 小猫"


def view(source: str = "journey", **selection: int) -> View:
    lesson = open_source(source)
    return View(lesson, lesson.settings, Selection(query=lesson.query, key=lesson.query, **selection))


def lesson(source: str = "journey", language: str = "en", stages: list[int] | None = None) -> Document:
    return document.lesson(view(source), Words(language), stages)


def written(form: str, of: Document, *, dark: bool = True) -> str:
    text = named(form).write(of, dark)
    assert isinstance(text, str)
    return text


def tables(of: Document) -> dict[str, Table]:
    return {f"{section.id}.{table.id}": table for section in of.sections for table in section.tables}


# Round trips


def test_the_tables_of_a_lesson_are_the_arrays_of_its_chain() -> None:
    found, workings = tables(lesson()), view().workings
    for name, stage in (("x", "vectors"), ("w_q", "projections"), ("k", "projections"), ("scores", "scores")):
        assert (found[f"{stage}.{name}"].values == workings.array(name)).all()
    assert (found["softmax.weights"].values[:, 0] == workings.array("weights")[1]).all()
    assert (found["heads.output"].values == workings.array("output")).all()


def test_json_has_every_number() -> None:
    of = lesson("causal")
    told = json.loads(written("json", of))
    figures = {
        f"{section['id']}.{figure['id']}": figure for section in told["sections"] for figure in section["figures"]
    }
    assert list(figures) == list(tables(of))
    for name, table in tables(of).items():
        values = np.array(figures[name]["values"], dtype=float)
        assert np.array_equal(values, np.where(np.isfinite(table.values), table.values, np.nan), equal_nan=True)
        assert (tuple(figures[name]["rows"]), tuple(figures[name]["columns"])) == (table.rows, table.columns)


def test_an_npz_has_every_number_and_its_labels(tmp_path: Path) -> None:
    of = lesson("kitten")
    write(of, tmp_path / "all.npz", named("npz"))
    with np.load(tmp_path / "all.npz") as arrays:
        assert len(arrays.files) == 3 * len(tables(of))
        for name, table in tables(of).items():
            assert np.array_equal(arrays[name], table.values)
            assert tuple(arrays[f"{name}.rows"]) == table.rows
            assert tuple(arrays[f"{name}.columns"]) == table.columns


def test_a_figure_as_csv_is_the_table_itself() -> None:
    page = StageSection.of(2, view(), EN).page
    (heading, *rows) = csv.reader(io.StringIO(written("csv", document.figure(page, EN))))
    assert tuple(heading[1:]) == page.view.tokens
    assert tuple(row[0] for row in rows) == page.view.tokens
    assert np.array_equal(np.array([row[1:] for row in rows], dtype=float), page.view.workings.array("scores"))


def test_a_lesson_as_csv_is_a_line_for_each_number() -> None:
    of = lesson("causal")
    lines = list(csv.DictReader(io.StringIO(written("csv", of))))
    found = [(line["section"], line["figure"], line["row"], line["column"], float(line["value"])) for line in lines]
    expected = [
        (*name.split(".", 1), row, column, value)
        for name, table in tables(of).items()
        for row, values in zip(table.rows, table.values.tolist(), strict=True)
        for column, value in zip(table.columns, values, strict=True)
    ]
    assert found == expected


def test_the_tables_of_markdown_have_the_printed_digits() -> None:
    page = StageSection.of(2, view(), EN).page
    rows = [
        line.strip("| ").split(" | ") for line in written("md", document.stage(page, EN)).splitlines() if "| " in line
    ]
    assert np.array([row[1:] for row in rows[2:]], dtype=float) == pytest.approx(
        page.view.workings.array("scores"), abs=5.1e-4
    )


def test_the_tables_of_latex_have_the_printed_digits() -> None:
    page = StageSection.of(2, view(), EN).page
    rows = re.findall(r"^\{(\w+)\} & (\$.*) \\\\$", written("tex", document.stage(page, EN)), re.MULTILINE)
    values = [[float(cell.strip("$")) for cell in cells.split(" & ")] for _, cells in rows]
    assert tuple(label for label, _ in rows) == page.view.tokens
    assert np.array(values) == pytest.approx(page.view.workings.array("scores"), abs=5.1e-4)


def test_lines_between_words_are_their_weights_in_latex() -> None:
    at = view("kitten-en")
    text = written("tex", document.arcs(at, -1, EN, several=True))
    assert not re.search("[\u2800-\u28ff]", text)
    assert text.count(r"\begin{tabular}") == at.source.n_heads


@pytest.mark.parametrize("form", HERE, ids=lambda form: form.name)
def test_lines_between_words_are_written_in_every_format(form) -> None:
    assert form.write(document.arcs(view("kitten-zh"), 1, Words("zh"), several=True), False)


def test_arithmetic_is_set_as_mathematics() -> None:
    text = written("tex", lesson(stages=[3]))
    assert r"$\alpha _{\text{journey, journey}} = 3.706 / 16.368 = 0.226$" in text
    page = StageSection.of(3, view().with_(focus="exp"), EN).page
    assert r"e^{1.310}" in written("tex", document.stage(page, EN))


def test_words_in_arithmetic_are_set_as_words() -> None:
    assert r"(\dots  3\text{ more} = 0.073)" in written("tex", lesson(stages=[4]))
    chinese = written("tex", lesson(language="zh", stages=[4]))
    assert r"(\dots \text{ 其余} 3\text{ 项} = 0.073)" in chinese
    assert r"\usepackage{ctex}" in chinese
    assert r"\usepackage[scheme=plain]{ctex}" in written("tex", lesson("kitten-zh", "en", stages=[4]))
    assert "ctex" not in written("tex", lesson(stages=[4]))


# Pages


class Cells(HTMLParser):
    """What stands in a page, and whether every element ends."""

    VOID = ("meta",)

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.why: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        self.why += [value or "" for name, value in attrs if name == "data-why"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> Cells:
    cells = Cells()
    cells.feed(page)
    assert cells.open == []
    return cells


def test_every_number_of_a_page_says_how_it_was_made() -> None:
    of = lesson()
    why = parsed(html(of)).why
    assert len(why) == sum(table.values.size for table in tables(of).values())
    assert "ω[journey, journey] = 0.431 × 0.443 + 1.455 × 1.142 = 0.191 + 1.661 = 1.852" in why


def test_what_is_looked_at_has_a_heat_of_its_own() -> None:
    page = html(lesson(stages=[2, 6]))
    scores, weights = page.split("<h2>")[1:]
    assert set(re.findall(r'class="([hq])\d"', scores)) == {"q"}
    assert set(re.findall(r'class="([hq])\d"', weights)) == {"h", "q"}


def test_of_a_long_page_the_first_numbers_are_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kitten_tui.paper.html.MOST_WORKED", 40)
    assert len(parsed(html(lesson(stages=[2, 2]))).why) == 40


def test_a_table_that_is_too_long_stands_there_as_it_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    for form in ("html", "markdown", "latex"):
        name = "MOST_WORKED" if form == "html" else "MOST_NUMBERS"
        monkeypatch.setattr(f"kitten_tui.paper.{form}.{name}", 35)
    for form in ("html", "md", "tex"):
        text = written(form, lesson(stages=[2]))
        assert re.search(r"▸journey +1\.270\[ *1\.852\]", text)


def test_a_page_fetches_nothing() -> None:
    page = html(lesson("kitten", "zh"))
    assert not re.search(r"https?:|@import|url\(|\bsrc=|<link", page)
    assert '<html lang="zh-Hans">' in page


@pytest.mark.parametrize("form", ["html", "svg"])
def test_nothing_foreign_is_markup(form: str) -> None:
    source = from_sentence(HOSTILE, 1)
    of = document.lesson(View(source, source.settings, Selection()), EN, [0, 2])
    text = written(form, of)
    if form == "html":
        assert not parsed(text).names & {"b", "i", "a", "img"}
        assert text.count("<script>") == 1
    else:
        ElementTree.fromstring(text)


def test_nothing_foreign_is_a_command_of_latex() -> None:
    source = from_sentence(HOSTILE, 1)
    text = written("tex", document.lesson(View(source, source.settings, Selection()), EN, [2]))
    assert r"\input" not in text
    assert not re.search(r"(?<!\\)[%#]", text.replace("{!}{%", ""))


# Files


@pytest.mark.parametrize("form", HERE, ids=lambda form: form.name)
def test_a_file_is_written_whole_and_never_replaced_unasked(form, tmp_path: Path) -> None:
    path = tmp_path / f"taken.{form.name.upper()}"
    assert of_path(path) is form
    write(lesson(stages=[2]), path, form)
    first = path.read_bytes()
    assert first
    with pytest.raises(ExistsError):
        write(lesson(stages=[3]), path, form)
    assert path.read_bytes() == first
    write(lesson(stages=[3]), path, form, overwrite=True)
    assert path.read_bytes() != first
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", ["taken", "taken.pdf", "taken.", ".svg"])
def test_a_suffix_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(SourceError, match=r"expected a name that ends in one of \.svg, \.html"):
        of_path(Path(name))


def test_a_format_that_is_none_is_refused() -> None:
    with pytest.raises(
        SourceError, match="--format: expected one of svg, html, md, tex, csv, json, npz, txt, png, found pdf"
    ):
        named("pdf")


def test_a_picture_has_the_ground_of_the_screen() -> None:
    assert 'fill="#10141a"' in written("svg", lesson(stages=[2]))
    assert 'fill="#fdfcf7"' in written("svg", lesson(stages=[2]), dark=False)


def test_a_picture_in_dots_is_twice_as_large_as_its_svg() -> None:
    pytest.importorskip("resvg_py")
    of = lesson("kitten-zh", "zh", stages=[3])
    drawn = named("png").write(of, False)
    assert isinstance(drawn, bytes)
    size = re.search(r'width="(\d+)" height="(\d+)"', written("svg", of))
    assert size is not None
    assert drawn.startswith(b"\x89PNG")
    assert [int.from_bytes(drawn[start : start + 4]) for start in (16, 20)] == [2 * int(side) for side in size.groups()]


def test_without_its_extra_a_picture_in_dots_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(SourceError, match=r"png: expected the extra png \(pip install 'kitten-tui\[png\]'\)"):
        named("png").write(lesson(stages=[3]), True)


@pytest.mark.slow
@pytest.mark.parametrize(("source", "language"), list(product(samples(), LANGUAGES)))
def test_everything_is_written_in_every_format(source: str, language: str) -> None:
    for form in HERE:
        assert form.write(lesson(source, language), True)


def test_every_figure_can_be_taken_alone() -> None:
    for number in range(7):
        page = StageSection.of(number, view(), EN).page
        for stop in page.sheet.stops:
            (section,) = document.figure(StageSection.of(number, view().with_(focus=stop.id), EN).page, EN).sections
            names = {table.id for table in section.tables}
            assert stop.id in names or len(names) == 1
            assert ElementTree.fromstring(written("svg", Document("t", (), "", "en", [section])))


# The command line


@pytest.mark.parametrize("form", [form.name for form in FORMATS if form.name not in ("npz", "png")])
def test_a_stage_is_written_without_a_screen_to_a_file_or_to_the_output(run, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"taken.{form}"
    assert run("--stage", "3", "--export", str(path)).status == OK
    ran = run("--stage", "3", "--export", "-", "--format", form)
    assert (ran.status, ran.err) == (OK, "")
    assert ran.out == path.read_text("utf-8")


def test_the_heads_of_a_model_are_written_in_the_order_of_two_words(run) -> None:
    pytest.importorskip("safetensors")
    llama = str(Path(__file__).parents[1] / "checkpoints" / "llama")
    asked = ["--model", llama, "the cat saw the dog", "--heads", "--from", "5", "--to", "2"]
    table = list(csv.reader(io.StringIO(run(*asked, "--export", "-", "--format", "csv").out)))
    told = json.loads(run(*asked, "--json").out)
    assert [row[0] for row in table[1:]] == [f"{head['layer']}.{head['head']}" for head in told["heads"]]
    assert [float(row[-1]) for row in table[1:]] == [head["weight"] for head in told["heads"]]


@pytest.mark.parametrize(
    ("asked", "fragment"),
    [
        (["--export", "taken.pdf"], "expected a name that ends in one of .svg"),
        (["--export", "-"], "--format: expected one of svg"),
        (["--export", "-", "--format", "pdf"], "found pdf"),
        (["--format", "svg"], "--format: expected --export FILE with it"),
        (["--export", "nowhere/taken.svg"], "expected a folder that is there"),
        (["--export", "taken.svg", "--plain"], "not allowed with argument"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_computed(run, asked: list[str], fragment: str) -> None:
    ran = run(*asked)
    assert (ran.status, ran.out) == (BAD, "")
    assert fragment in ran.err


def test_the_help_names_every_format(run) -> None:
    told = " ".join(run("--help").out.split())
    assert all(f".{form.name} {form.about}" in told for form in FORMATS)
