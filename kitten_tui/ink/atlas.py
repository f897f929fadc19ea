"""Which heads do grammar: a row for each relation, beside what looks at words without grammar."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len

from kitten_tui.core.annotated import RELATIONS
from kitten_tui.core.atlas import Atlas
from kitten_tui.ink.cells import clean, cut, fit, wrap
from kitten_tui.words import Words

GAP, DOES = "  ", "✓"


def atlas_table(atlas: Atlas, words: Words, width: int = 0) -> Iterator[str]:
    """A row for each relation with its best head."""
    headings = [words(f"atlas.{name}") for name in ("pair", "number", "right", "interval", "offset", "sink", "does")]
    rows = [headings, *(_row(atlas, relation, words) for relation in RELATIONS)]
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(headings))]
    for name, *numbers in rows:
        cells = (fit(cell, size, "right") for cell, size in zip(numbers, widths[1:], strict=True))
        line = GAP.join((fit(name, widths[0]), *cells)).rstrip()
        yield cut(line, width) if width else line


def _row(atlas: Atlas, relation: str, words: Words) -> list[str]:
    skill = atlas.best(relation)
    if skill is None:
        return [words(f"atlas.dependent.{relation}"), *("–",) * 5, ""]
    low, high = skill.interval
    return [
        words(f"atlas.{skill.way}.{relation}"),
        f"{skill.layer + 1}.{skill.head + 1}",
        _percent(skill.share),
        f"{100 * low:.1f}–{100 * high:.1f}",
        f"{skill.offset:+d}: {_percent(skill.offset_right / skill.count)}".replace("-", "−"),
        _percent(skill.sink_right / skill.count),
        DOES if skill.does else "",
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def called(relation: str, words: Words) -> str:
    """What a head is called by."""
    return words(f"atlas.called.{relation}")


def about_atlas(atlas: Atlas, words: Words) -> Iterator[str]:
    """How the table is read, a sentence or two each."""
    own = words.texts.get(f"atlas.text.{atlas.text}")
    yield words(
        "atlas.of", text=clean(atlas.text) if own is None else own, sentences=atlas.sentences, pairs=atlas.pairs
    )
    yield words("atlas.help")
    yield words("atlas.rule")
    if atlas.left_out:
        yield words("atlas.left_out", left_out=atlas.left_out, pairs=atlas.pairs)
    if atlas.layers < atlas.n_layers:
        yield words("atlas.stopped", layers=atlas.layers, n_layers=atlas.n_layers)


def done_by(atlas: Atlas | None, layer: int, head: int, words: Words) -> str:
    """What a head does, in words; nothing where it may not be said."""
    relations = () if atlas is None else atlas.done_by(layer, head)
    if not relations:
        return ""
    return words("atlas.does_them", them=words("atlas.and").join(called(relation, words) for relation in relations))


def atlas_lines(atlas: Atlas, words: Words, width: int = 0) -> Iterator[str]:
    yield from atlas_table(atlas, words, width)
    yield ""
    for sentence in about_atlas(atlas, words):
        yield from wrap(sentence, width) if width else (sentence,)
