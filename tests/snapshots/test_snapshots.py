from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from piloting import computed, reading
from textual.pilot import Pilot

from kitten_tui.app import KittenApp
from kitten_tui.core.source import Source
from kitten_tui.sources.find import open_source
from kitten_tui.sources.training.opening import open_training
from kitten_tui.sources.training.source import Training

SCRIPTS: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("scripts.toml").read_text("utf-8"))["script"]


def opened(script: dict[str, Any]) -> Source:
    """A sample or a sentence; a folder of tests/checkpoints with a sentence; a training."""
    if "train" in script:
        run = open_training(script["train"], {"steps": script["steps"]})
        return Training(run, run.state)
    if "model" not in script:
        return open_source(script.get("source", "journey"))
    pytest.importorskip("safetensors")
    pytest.importorskip("tokenizers")
    return reading(script["model"], script["source"])


def parameter(script: dict[str, Any]) -> Any:
    return pytest.param(script, id=script["name"], marks=[pytest.mark.slow] if script.get("slow") else [])


@pytest.mark.parametrize("script", map(parameter, SCRIPTS))
def test_screen(script: dict[str, Any], snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to look for stands beside each script."""
    if script.get("no_color"):
        monkeypatch.setenv("NO_COLOR", "1")
    app = KittenApp(
        opened(script),
        language=script.get("language", "en"),
        theme=script.get("theme", "kitten-dark"),
    )
    size = tuple(script.get("size", (80, 24)))
    waits = {"model", "train"} & {*script}

    async def played(pilot: Pilot[None]) -> None:
        """What is computed is there before the keys, and after them."""
        if waits:
            await computed(pilot)
        await pilot.press(*script["keys"])
        if waits:
            await computed(pilot)

    assert snap_compare(app, terminal_size=size, run_before=played)
