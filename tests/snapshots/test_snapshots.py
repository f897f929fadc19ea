from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from kitten_tui.app import KittenApp
from kitten_tui.sources.find import open_source

SCRIPTS: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("scripts.toml").read_text("utf-8"))["script"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script["name"])
def test_screen(script: dict[str, Any], snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to look for stands beside each script."""
    if script.get("no_color"):
        monkeypatch.setenv("NO_COLOR", "1")
    app = KittenApp(
        open_source(script.get("source", "journey")),
        language=script.get("language", "en"),
        theme=script.get("theme", "kitten-dark"),
    )
    assert snap_compare(app, press=script["keys"], terminal_size=tuple(script.get("size", (80, 24))))
