from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import kitten_tui
from kitten_tui.commands import markdown_table, on_screen
from kitten_tui.sources.find import samples
from kitten_tui.words import Words

ROOT = Path(__file__).parent.parent
MOST_LINES = 350


def test_the_version_is_the_packages() -> None:
    assert version("kitten-tui") == kitten_tui.__version__


@pytest.mark.parametrize(
    ("readme", "language", "headings"),
    [("README.md", "en", ("Key", "What it does")), ("README.zh.md", "zh", ("按键", "作用"))],
)
def test_the_readme_has_the_keys_of_the_registry(readme: str, language: str, headings: tuple[str, str]) -> None:
    assert markdown_table(Words(language), headings) in (ROOT / readme).read_text("utf-8")


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_the_readme_names_every_sample_and_shows_pictures_that_exist(readme: str) -> None:
    text = (ROOT / readme).read_text("utf-8")
    assert all(f"`{name}`" in text for name in samples())
    pictures = [line.split("(")[1].split(")")[0] for line in text.splitlines() if line.startswith("![")]
    assert len(pictures) >= 7
    assert all((ROOT / picture.replace("%5B", "[").replace("%5D", "]")).is_file() for picture in pictures)


@pytest.mark.parametrize(("readme", "language"), [("README.md", "en"), ("README.zh.md", "zh")])
def test_the_pictures_of_a_readme_are_in_its_language(readme: str, language: str) -> None:
    scripts = tomllib.loads((ROOT / "tests/snapshots/scripts.toml").read_text("utf-8"))["script"]
    languages = {script["name"]: script.get("language", "en") for script in scripts}
    shown = re.findall(r"test_screen%5B(.*?)%5D", (ROOT / readme).read_text("utf-8"))
    assert {languages[name] for name in shown} == {language}


@pytest.mark.parametrize("screen", ["stages", "overview"])
def test_no_key_is_bound_twice(screen: str) -> None:
    keys = [key for command in on_screen(screen) for key, _ in command.keys]
    assert len(keys) == len(set(keys))


def test_no_file_has_grown_past_one_sitting() -> None:
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in (ROOT / "kitten_tui").rglob("*.py")}
    assert {str(path): count for path, count in lines.items() if count > MOST_LINES} == {}


def test_importing_the_package_costs_nothing() -> None:
    code = "import sys, kitten_tui; print([m for m in ('numpy', 'rich', 'textual') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there_when_it_is_asked_for() -> None:
    for name in kitten_tui.__all__:
        assert getattr(kitten_tui, name) is not None
        assert name in dir(kitten_tui)
    with pytest.raises(AttributeError, match="'Attention'"):
        _ = kitten_tui.Attention


def test_a_type_checker_finds_the_same_public_names() -> None:
    tree = ast.parse(Path(kitten_tui.__file__).read_text("utf-8"))
    checking = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in checking.body if isinstance(node, ast.ImportFrom)]
    typed = {alias.name: node.module for node in imports for alias in node.names}
    rooms = {name: f"kitten_tui.{room}" for name, room in kitten_tui._ROOMS.items()}
    assert typed == rooms
    assert {*rooms, "__version__"} == set(kitten_tui.__all__)
    assert (Path(kitten_tui.__file__).parent / "py.typed").is_file()


def test_it_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "kitten_tui", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"kitten-tui {kitten_tui.__version__}"
