"""A document as LaTeX: tables, and the selected number worked out, to be taken into a paper or set by itself.

For XeLaTeX, LuaLaTeX and Tectonic; what has Chinese in it needs the package ctex.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kitten_tui.ink.cells import harmless, text_of
from kitten_tui.ink.numbers import exact
from kitten_tui.ink.palette import PLAIN
from kitten_tui.paper.document import Document, Section
from kitten_tui.paper.order import Drawn, Heading, Paragraph, Reading, Worked, parts
from kitten_tui.paper.tables import Table

MOST_NUMBERS = 2_000
"""No page holds a longer table: it stands there as it is drawn."""
_MARKS = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "-": "{-}",
    "`": r"\textasciigrave{}",
    '"': r"\textquotedbl{}",
}
_MATHS = {
    "×": r"\times",
    "÷": r"\div",
    "·": r"\cdot",
    "−": "-",
    "→": r"\rightarrow",
    "←": r"\leftarrow",
    "↓": r"\downarrow",
    "↑": r"\uparrow",
    "√": r"\surd",
    "∞": r"\infty",
    "Σ": r"\Sigma",
    "∂": r"\partial",
    "Δ": r"\Delta",
    "‖": r"\|",
    "ω": r"\omega",
    "α": r"\alpha",
    "β": r"\beta",
    "γ": r"\gamma",
    "μ": r"\mu",
    "σ": r"\sigma",
    "′": "{}^{\\prime}",
    "²": "{}^{2}",
    "…": r"\dots",
    **{sign: f"{{}}^{{{digit}}}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{sign: f"{{}}_{{{digit}}}" for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    "ᵀ": r"{}^{\mathsf{T}}",
}
_POWER = re.compile(r"(?:e|10)\^(\([^()]*\)|-?[\d.]+)")
_WORD = re.compile(r"( ?(?:[^\W\d_αβγμσωΣΔ]{2,}|[^\x00-\x7f\W\d_αβγμσωΣΔ]+)|_)")
"""More than one letter, or one of a language that mathematics does not use."""
_CHINESE = re.compile("[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]")
"""What only a font of Chinese has, or one of Japanese or Korean."""
_TENS = re.compile(r"(\d)e(-?\d+)")


def latex(document: Document) -> str:
    """A whole document; what stands between begin and end can be taken into another."""
    told = [rf"\section*{{{_text(document.title)}}}", *map(_paragraph, document.notes)]
    told += [_paragraph(document.status)] if document.status else []
    for section in document.sections:
        told += _section(section)
    begin = [r"\documentclass{article}", r"\usepackage{fontspec}"]
    if document.language == "zh":
        begin.append(r"\usepackage{ctex}")
    elif _CHINESE.search("\n".join(told)):
        begin.append(r"\usepackage[scheme=plain]{ctex}")  # a token here and there
    begin += [r"\usepackage{amsmath,booktabs,graphicx}", r"\begin{document}"]
    return "\n".join([*begin, *told, r"\end{document}", ""])


def _section(section: Section) -> Iterator[str]:
    for part in parts(section, most=MOST_NUMBERS):
        match part:
            case Heading(text=text):
                yield rf"\subsection*{{{_text(text)}}}"
            case Paragraph(text=text) | Reading(text=text):
                yield _paragraph(text)
            case Drawn() if section.is_drawing and section.tables:
                pass  # no font of TeX has the dots that it is drawn with
            case Drawn():
                yield r"\begin{verbatim}"
                yield from (harmless(text_of(line)).rstrip() for line in section.lines(PLAIN))
                yield r"\end{verbatim}"
            case Worked(lines=worked):
                yield r"\begin{flushleft}"
                yield rf"${_maths(worked[0])}$"
                yield r"\end{flushleft}"
            case _:
                yield from _table(part)


def _paragraph(text: str) -> str:
    return _text(text).replace("\n", " ") + "\n"


def _table(table: Table) -> Iterator[str]:
    """Made narrower where it is wider than the text."""
    yield r"\begin{center}"
    yield rf"\textbf{{{_text(table.title)}}}\\[2pt]"
    yield r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
    yield rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}"
    yield r"\toprule"
    yield _row("", *map(_text, table.columns))
    yield r"\midrule"
    for label, values in zip(table.rows, table.values.tolist(), strict=True):
        yield _row(_text(label), *(f"${_maths(exact(value))}$" for value in values))
    yield r"\bottomrule"
    yield r"\end{tabular}}"
    yield r"\end{center}"


def _row(label: str, *cells: str) -> str:
    return " & ".join((f"{{{label}}}", *cells)) + r" \\"  # a bracket after the end of a line would be a length


def _text(text: str) -> str:
    """Text in which nothing is a command; signs of mathematics are set as such."""
    return "".join(f"${_MATHS[sign]}$" if sign in _MATHS else _MARKS.get(sign, sign) for sign in harmless(text))


def _maths(line: str) -> str:
    """A line of arithmetic: what stands in brackets after a symbol are its indices, and words are words."""
    line = _TENS.sub(r"\1 × 10^\2", line)
    raised = _POWER.sub(lambda power: f"{power[0].partition('^')[0]}\x02{power[1].strip('()')}\x03", harmless(line))
    parts = re.split(r"(\[[^\]]*\]+)", raised)
    return "".join(rf"_{{\text{{{_text(part[1:-1])}}}}}" if part.startswith("[") else _signs(part) for part in parts)


def _signs(text: str) -> str:
    """What is no index: signs, numbers, and words such as max or more."""
    set_ = "".join(_word(word) for word in _WORD.split(text))
    return set_.replace("\x02", "^{").replace("\x03", "}")


def _word(word: str) -> str:
    if _WORD.fullmatch(word):
        return rf"\text{{{_text(word)}}}"
    signs = (f"{_MATHS[sign]} " if sign in _MATHS else sign if sign == "-" else _MARKS.get(sign, sign) for sign in word)
    return "".join(signs)
