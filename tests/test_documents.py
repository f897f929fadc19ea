"""What the documents say of the repository is so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

import kitten_tui

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "kitten_tui"
DOCUMENTS = sorted(path.name for path in ROOT.glob("*.md"))
TOPS = {path.name for folder in (ROOT, PACKAGE) for path in folder.iterdir()}
EXAMPLES = {"org", "path", "my.toml"}
"""How paths begin that stand for those of a reader."""
BESIDE = {
    **dict.fromkeys(
        (
            *("__main__", "start", "explorer", "printed", "options", "output", "threads", "memory", "config", "beside"),
            *("asked", "play", "script", "together", "completion", "manual"),
        ),
        "cli",
    ),
    **dict.fromkeys(("terminal", "reader", "typed", "crash"), "app"),
    "offers": "commands",
}
"""Files that belong to the room of another one."""

every = pytest.mark.parametrize("document", DOCUMENTS)


def text(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def exists(path: str) -> bool:
    return any((folder / path).exists() for folder in (ROOT, PACKAGE))


@every
def test_every_link_leads_to_a_file_of_the_repository_or_a_heading_of_the_page(document: str) -> None:
    headings = {f"#{anchor(line)}" for line in text(document).splitlines() if line.startswith("#")}
    for target in re.findall(r"\]\(([^)]*)\)", text(document)):
        if not target.startswith("https://"):
            assert target in headings or (ROOT / unquote(target)).is_file(), target


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lstrip("# ").lower()).replace(" ", "-")


@every
def test_every_path_that_is_cited_is_in_the_repository(document: str) -> None:
    for path in paths(text(document)):
        assert exists(path), path


def paths(written: str) -> Iterator[str]:
    """Words that begin as something in the repository does, and all that are named like its own files."""
    unlinked = re.sub(r"\]\([^)]*\)", "]", written)
    for word in re.findall(r"(?<![\w./~<-])\.?\w[\w.-]*(?:/[\w.-]*)*", unlinked, re.ASCII):
        word = word.rstrip(".-")
        first = word.partition("/")[0]
        own = word.endswith((".py", ".md", ".tcss")) or ("/" in word and word.endswith((".toml", ".npz", ".svg")))
        if first not in EXAMPLES and (own or ("/" in word and first in TOPS)):
            yield word


def test_paths_are_seen() -> None:
    seen = paths("`core/no.py`, `.ci/run`, 见tests/x/，NO.md, and/or, org/name, [a](b/c.py), model.safetensors")
    assert list(seen) == ["core/no.py", ".ci/run", "tests/x/", "NO.md"]


@every
def test_what_stands_there_as_python_runs(document: str) -> None:
    for code in re.findall(r"```python\n(.*?)```", text(document), re.DOTALL):
        exec(compile(code, document, "exec"), {})


# The picture of the rooms


def imported(node: ast.AST) -> Iterator[str]:
    """The modules of ours that are imported for more than type checkers."""
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.ImportFrom(module="kitten_tui", names=names):
            yield from (f"kitten_tui.{alias.name}" for alias in names if exists(f"{alias.name}.py"))
        case ast.ImportFrom(module=str(module)) if module.startswith("kitten_tui."):
            yield module
        case ast.Import(names=names):
            yield from (alias.name for alias in names if alias.name.startswith("kitten_tui."))
    for child in ast.iter_child_nodes(node):
        yield from imported(child)


def room(module: str) -> str:
    name = module.split(".")[1]
    return BESIDE.get(name, name)


def rooms() -> dict[str, set[str]]:
    """What each room imports."""
    known: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if path.parent != PACKAGE or path.stem != "__init__":
            known.setdefault(room(module), set()).update(room(name) for name in imported(ast.parse(path.read_bytes())))
    return {name: others - {name} for name, others in known.items()}


def test_the_picture_of_the_rooms_has_the_arrows_of_the_code() -> None:
    known = rooms()

    def reached(name: str) -> set[str]:
        return known[name].union(*(reached(other) for other in known[name]))

    arrows = {
        (name, other)
        for name, others in known.items()
        for other in others
        if not any(other in reached(between) for between in others - {other})
    }
    drawn = re.findall(r"^ *(\w+) --> (\w+)$", text("ARCHITECTURE.md"), re.MULTILINE)
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == arrows


@pytest.mark.slow
def test_every_room_is_told_of() -> None:
    told = re.search(r"\| room of .*?\n\n", text("ARCHITECTURE.md"), re.DOTALL)
    assert told is not None
    for name in rooms():
        assert f"`{name}/`" in told[0] or f"`{name}.py`" in told[0], name


# Numbers and versions


def numbers(written: str) -> list[str]:
    return re.findall(r"\d[\d,.]*\d|\d", written)


def tables(written: str) -> list[str]:
    return [number for line in written.splitlines() if line.startswith("|") for number in numbers(line)]


def test_both_languages_tell_of_the_same_measurements() -> None:
    assert tables(text("BENCHMARKS.md")) == tables(text("BENCHMARKS.zh.md")) != []


@pytest.mark.parametrize(("readme", "heading"), [("README.md", "## How fast it is"), ("README.zh.md", "## 速度")])
def test_what_the_readme_says_of_speed_was_measured(readme: str, heading: str) -> None:
    said = text(readme).split(f"{heading}\n")[1].split("\n## ")[0]
    assert set(numbers(said)) <= set(numbers(text("BENCHMARKS.md")))


def test_the_changelog_has_this_version() -> None:
    versions = re.findall(r"^## \[(.*?)\]", text("CHANGELOG.md"), re.MULTILINE)
    assert versions[:2] == ["Unreleased", kitten_tui.__version__]
