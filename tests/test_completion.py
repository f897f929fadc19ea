"""What shells offer, the manual page, and the help say what the options are."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kitten_tui.completion import completion, options_of
from kitten_tui.manual import manual
from kitten_tui.options import SHELLS, STATUSES, parser

ROOT = Path(__file__).parent.parent


def script(shell: str) -> str:
    return "\n".join(completion(shell, parser())) + "\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_is_told_of_every_option(shell: str) -> None:
    options, sources = options_of(parser())
    text = script(shell)
    for option in options:
        for name in option.names:
            assert (f"-l {name[2:]} " if shell == "fish" and name.startswith("--") else name) in text
    assert all(source in text for source in sources)


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_reads_its_script(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    (tmp_path / "completion").write_text(script(shell), "utf-8")
    done = subprocess.run([shell, "-n", str(tmp_path / "completion")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        (["--ex"], {"--explain", "--export"}),
        (["--lang", "z"], {"zh"}),
        (["--lang", ""], {"en", "zh"}),
        (["--stage", "so"], {"softmax"}),
        (["kitten-"], {"kitten-en", "kitten-zh"}),
        (["--export", "pi"], {"pi ece.svg"}),
        (["--layer", ""], set()),
    ],
)
def test_bash_offers_what_fits(line: list[str], offered: set[str], tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("there is no bash")
    (tmp_path / "completion").write_text(script("bash"), "utf-8")
    (tmp_path / "pi ece.svg").write_text("")
    code = (
        'source completion; COMP_WORDS=(kitten-tui "$@"); COMP_CWORD=$#; _kitten_tui;'
        ' for each in "${COMPREPLY[@]}"; do echo "$each"; done'
    )
    done = subprocess.run(["bash", "-c", code, "bash", *line], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert set(done.stdout.splitlines()) == offered
    assert done.stderr == ""


@pytest.mark.slow
def test_fish_offers_what_fits(tmp_path: Path) -> None:
    if shutil.which("fish") is None:
        pytest.skip("there is no fish")
    (tmp_path / "completion").write_text(script("fish"), "utf-8")
    code = "source completion; complete -C 'kitten-tui --la'"
    done = subprocess.run(["fish", "--no-config", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} == {"--lang", "--layer", "--layers"}


def test_the_manual_is_that_of_the_options() -> None:
    assert (ROOT / "man" / "kitten-tui.1").read_text("utf-8") == "\n".join(manual()) + "\n"


@pytest.mark.slow
def test_the_manual_is_set_without_a_warning() -> None:
    if shutil.which("groff") is None:
        pytest.skip("there is no groff")
    path = str(ROOT / "man" / "kitten-tui.1")
    done = subprocess.run(
        ["groff", "-man", "-Kutf8", "-Tutf8", "-P-cbou", "-ww", path], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "EXIT STATUS" in done.stdout


def test_the_help_has_every_status() -> None:
    told = " ".join(parser().format_help().split())
    assert all(f"{status}: {about}" in told for status, about in STATUSES)
