"""Every format that a document can be written in: one record each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from kitten_tui.sources.errors import SourceError

if TYPE_CHECKING:
    from kitten_tui.paper.document import Document


@dataclass(frozen=True)
class Format:
    """How documents are written."""

    name: str
    """Also the suffix of its files."""
    about: str
    """A few words for the help."""
    writer: str
    """A file of this folder and the function in it that makes text or bytes of a document; imported when asked for."""
    draws: bool = False
    """Whether it has what is drawn as it looks, so that a screen can be written in it."""

    def write(self, document: Document, dark: bool) -> str | bytes:
        """A document; whether on a dark ground, where that matters."""
        module, _, name = self.writer.partition(".")
        writer = getattr(import_module(f"kitten_tui.paper.{module}"), name)
        written: str | bytes = writer(replace(document, dark=dark))
        return written


FORMATS = (
    Format("svg", "a picture", "svg.picture", draws=True),
    Format("html", "a page without a network, on which a click works a number out", "html.html", draws=True),
    Format("md", "Markdown", "markdown.markdown", draws=True),
    Format("tex", "LaTeX", "latex.latex"),
    Format("csv", "numbers", "csv.as_csv"),
    Format("json", "numbers and texts", "document_json.as_json"),
    Format("npz", "arrays with their labels", "npz.as_npz"),
    Format("txt", "text, as --plain prints it", "plain.as_text", draws=True),
    Format("png", "a picture in dots, with the extra png", "png.png", draws=True),
)


def named(name: str) -> Format:
    """The format of this name.

    Raises:
        SourceError: there is none.
    """
    known = {each.name: each for each in FORMATS}
    if name not in known:
        raise SourceError(f"--format: expected one of {', '.join(known)}, found {name or 'none'}")
    return known[name]


def of_path(path: Path, *, drawing: bool = False) -> Format:
    """The format that a file is to have by its suffix; of those that draw, where a screen is to be written.

    Raises:
        SourceError: it is no suffix of ours.
    """
    known = {f".{each.name}": each for each in FORMATS if each.draws or not drawing}
    form = known.get(path.suffix.lower())
    if form is None:
        raise SourceError(f"{path}: expected a name that ends in one of {', '.join(known)}")
    return form


def write(document: Document, path: Path, form: Format, *, dark: bool = True, overwrite: bool = False) -> None:
    """Writes a document beside its place, and moves it there when it is whole.

    Raises:
        ExistsError: the file exists, and `overwrite` was not asked for.
        SourceError: it cannot be written.
    """
    from kitten_tui.sources.writing import writing

    written = form.write(document, dark)
    with writing(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(written if isinstance(written, bytes) else written.encode("utf-8", "replace"))
