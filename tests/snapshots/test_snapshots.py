from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from kitten_tui.play import opened, played
from kitten_tui.script import Script, read_scripts

SCRIPTS = read_scripts(Path(__file__).with_name("scripts.toml"))


def parameter(script: Script) -> Any:
    return pytest.param(script, id=script.told["name"], marks=[pytest.mark.slow] if script.told.get("slow") else [])


@pytest.mark.parametrize("script", map(parameter, SCRIPTS))
def test_screen(script: Script, snap_compare: Any) -> None:
    """What to look for stands beside each script."""
    if script.arguments.model is not None:
        pytest.importorskip("safetensors")
        pytest.importorskip("tokenizers")

    async def play(pilot: Pilot[Any]) -> None:
        await played(pilot, script)

    assert snap_compare(opened(script), terminal_size=script.size, run_before=play)
