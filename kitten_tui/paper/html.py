"""A document as a page that needs nothing else: dark and light as the reader has it, a click works a number out."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np

from kitten_tui.ink import heat
from kitten_tui.ink.cells import harmless, text_of
from kitten_tui.ink.numbers import exact
from kitten_tui.ink.palette import PLAIN
from kitten_tui.paper.document import Document, Section
from kitten_tui.paper.order import Drawn, Heading, Paragraph, Reading, Worked, parts
from kitten_tui.paper.svg import svg
from kitten_tui.paper.tables import Table

MOST_WORKED = 20_000
"""Numbers of a page that a click works out, the first ones; a longer table stands there as it is drawn."""

_STYLE = """
:root { color-scheme: dark light;
  --text: #d9dee7; --back: #10141a; --muted: #9aa6b5; --title: #8fb4e6; --accent: #ff9e64; }
@media (prefers-color-scheme: light) {
  :root { --text: #1b2330; --back: #fdfcf7; --muted: #54606f; --title: #2d4f86; --accent: #b3470b; }
}
body { background: var(--back); color: var(--text); max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
  font: 1rem/1.5 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
h1, h2, caption { color: var(--title); }
.muted { color: var(--muted); }
.tables { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: bold; padding: .25rem 0; }
th { font-weight: normal; color: var(--muted); padding: .1rem .5rem; text-align: right; }
tbody th { text-align: left; }
td { padding: .1rem .5rem; text-align: right; }
td[data-why] { cursor: pointer; }
td:focus, td.chosen { outline: 2px solid var(--accent); outline-offset: -2px; }
section > svg { max-width: 100%; height: auto; }
pre { overflow-x: auto; font-family: "DejaVu Sans Mono", Menlo, Consolas, "Noto Sans Mono CJK SC", monospace; }
.why { color: var(--accent); min-height: 1.5em; overflow-wrap: anywhere; }
"""
_SCRIPT = """
function work(cell) {
  if (!cell) return;
  document.querySelectorAll("td.chosen").forEach(other => other.classList.remove("chosen"));
  cell.classList.add("chosen");
  cell.closest("section").querySelector(".why").textContent = cell.dataset.why;
}
addEventListener("click", event => work(event.target.closest("td[data-why]")));
addEventListener("keydown", event => { if (event.key === "Enter") work(event.target.closest("td[data-why]")); });
"""


def html(document: Document) -> str:
    """The whole page. Nothing foreign in it is markup."""
    language = "zh-Hans" if document.language == "zh" else document.language
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{language}">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{_text(document.title)}</title>",
            f"<style>{_STYLE}{''.join(_heat_rules())}</style>",
            "</head>",
            "<body>",
            f"<h1>{_text(document.title)}</h1>",
            *(f"<p>{_text(note)}</p>" for note in document.notes),
            *(f'<p class="muted">{_text(status)}</p>' for status in (document.status,) if status),
            *_sections(document),
            f"<script>{_SCRIPT}</script>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _heat_rules() -> Iterator[str]:
    """A class for each step of heat, h0 and on for what is looked at, q0 and on for the size of other numbers."""
    for before, looked_at, quiet, after in (
        ("", heat.DARK_STEPS, heat.DARK_QUIET, ""),
        ("@media (prefers-color-scheme: light) {", heat.LIGHT_STEPS, heat.LIGHT_QUIET, "}"),
    ):
        steps = [(f"h{n}", step) for n, step in enumerate(looked_at)] + [
            (f"q{n}", step) for n, step in enumerate(quiet)
        ]
        rules = (f".{name} {{ background: {step}; color: {heat.text_on(step)}; }}\n" for name, step in steps)
        yield f"{before}{''.join(rules)}{after}\n"


def _sections(document: Document) -> Iterator[str]:
    left = MOST_WORKED
    for section in document.sections:
        yield "<section>"
        tables: list[str] = []
        said: list[str] = []
        arithmetic = ""
        for part in parts(section, most=MOST_WORKED):
            match part:
                case Heading(text=text):
                    yield f"<h2>{_text(text)}</h2>"
                case Paragraph(text=text):
                    yield f"<p>{_text(text)}</p>"
                case Drawn() if section.is_drawing:
                    yield svg(section.lines(document.palette), document.title, document.language, document.paper)
                case Drawn():
                    yield f"<pre>{_text(_drawn(section))}</pre>"
                case Reading(text=text):
                    said.append(f"<p>{_text(text)}</p>")
                case Worked(lines=worked):
                    arithmetic = worked[0]
                case _:
                    tables += _table(part, left)
                    left -= part.values.size
        yield from ('<div class="tables">', *tables, "</div>") if tables else ()
        yield from said
        yield f'<p class="why" aria-live="polite">{_text(arithmetic)}</p>'
        yield "</section>"


def _drawn(section: Section) -> str:
    return "\n".join(text_of(line).rstrip() for line in section.lines(PLAIN))


def _table(table: Table, left: int) -> Iterator[str]:
    """A table; as many of its numbers as are left are worked out."""
    yield f"<table><caption>{_text(table.title)}</caption>"
    headings = "".join(f'<th scope="col">{_text(label)}</th>' for label in table.columns)
    yield f"<thead><tr><td></td>{headings}</tr></thead><tbody>"
    for row, label in enumerate(table.rows):
        cells = (_cell(table, row, column, left) for column in range(len(table.columns)))
        yield f'<tr><th scope="row">{_text(label)}</th>{"".join(cells)}</tr>'
    yield "</tbody></table>"


def _cell(table: Table, row: int, column: int, left: int) -> str:
    value = float(table.values[row, column])
    attributes = f' class="{step}"' if (step := _step(table, value)) else ""
    if table.worked is not None and row * len(table.columns) + column < left:
        attributes += f' tabindex="0" data-why="{_text(table.worked(row, column))}"'
    return f"<td{attributes}>{exact(value)}</td>"


def _step(table: Table, value: float) -> str:
    """The class of the step of heat that lies behind a number."""
    if not table.heat or not np.isfinite(value):
        return ""
    name, ramp = ("h", heat.DARK) if table.looked_at else ("q", heat.QUIET_ON_DARK)
    return f"{name}{ramp.styles.index(ramp(value, *table.range))}"


def _text(text: str) -> str:
    return escape(harmless(text))
