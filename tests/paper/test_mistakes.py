"""A mistake on the command line: said plainly, computed, and found again in the arrays that it made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kitten_tui.cli import main
from kitten_tui.core.settings import VARIANTS
from kitten_tui.sources.find import open_source
from kitten_tui.words import Words

EN = Words("en")
every = pytest.mark.parametrize("name", VARIANTS)


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    main(list(argv))
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


@every
@pytest.mark.first_is_quick
def test_paper_says_plainly_that_the_mistake_is_on(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    title = f"✗ {EN(f'variant.{name}.name')}"
    text = printed(capsys, "journey", "--plain", "--mistake", name)
    assert text.splitlines()[1] == title
    assert text.count(f"{title}:") == 7  # the reading of every stage
    assert printed(capsys, "journey", "--check", "--mistake", name).startswith(title)
    assert title.replace("_", "\\_") in printed(capsys, "journey", "--export", "-", "--format", "md", "--mistake", name)
    assert json.loads(printed(capsys, "journey", "--json", "--mistake", name))["mistake"] == name


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["journey", "--mistake", "typo"], "--mistake: expected one of softmax_axis, "),
        (["causal", "--mistake", "no_w_o"], "--mistake: no_w_o: Not here: there is no W_o."),
        (["causal", "--mistake", "no_positions"], "--mistake: no_positions: Not here: x is given"),
        (["--train", "copy", "--mistake", "no_v"], "--mistake: no_v: Not in a training"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_name(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*argv, "--plain"]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


FOUND = {
    "softmax_axis": "mistake.axis_query",
    "mask_after": "mistake.mask_after",
    "mask_transposed": "mistake.mask_transposed",
    "sqrt_d_model": "fits",
    "no_division": "fits",
    "qk_swapped": "fits",
    "no_positions": "fits",
    "dropout_on": "fits",
}
"""What --check says of the JSON of a head that was made so; the others are not to be seen in it."""


@pytest.mark.parametrize("name", [name for name in VARIANTS if name not in ("same_qk", "no_v")])
def test_check_names_the_mistake_in_the_arrays_that_it_made(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "made.json"
    path.write_text(printed(capsys, "journey", "--json", "--mistake", name))
    said = printed(capsys, str(path), "--check")
    key = FOUND.get(name)
    if key is None:
        assert "Layer 1: " not in said
    elif key == "fits":
        assert EN("mistake.fits", layer=1, name=EN(f"variant.{name}.name")) in said
    else:
        assert EN(key, layer=1, value="") in said


@pytest.mark.parametrize("name", ["heads_reshape", "no_w_o"])
def test_what_needs_all_heads_is_found_in_arrays_of_all(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from kitten_tui.core.variants import switched

    source = open_source("a b c d")
    settings, heads = switched(source.settings, name, source.masks), range(source.n_heads)
    traces, joined = [source.trace(0, head, settings) for head in heads], source.joined(0, settings)
    arrays = {each: np.stack([trace[each] for trace in traces]) for each in ("q", "k", "v", "weights", "context")}
    arrays |= {f"w_{role}": np.stack([getattr(head, f"w_{role}") for head in source.inputs.heads]) for role in "qkv"}
    arrays |= {"x": source.inputs.x, "w_o": source.inputs.w_o, "concat": joined["concat"], "output": joined["output"]}
    path = tmp_path / "made.npz"
    np.savez(path, **arrays)
    said = printed(capsys, str(path), "--check")
    assert EN("mistake.fits", layer=1, name=EN(f"variant.{name}.name")) in said


def test_arrays_that_no_known_mistake_explains_are_said_to_be_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = np.random.RandomState(0)
    path = tmp_path / "made.npz"
    np.savez(path, **{name: draw.normal(size=(2, 3, 4)) for name in "qk"}, scores=draw.normal(size=(2, 3, 3)))
    assert EN("mistake.unknown") in printed(capsys, str(path), "--check")
