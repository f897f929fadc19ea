from __future__ import annotations

import os
from importlib.metadata import version

import pytest

SNAPSHOT_TEXTUAL = "8.2.8"


@pytest.fixture(autouse=True)
def quiet_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps what the machine asks of terminals out of the tests."""
    for name in ("NO_COLOR", "LC_ALL", "LC_MESSAGES", "LANG", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", "/nonexistent")


def pytest_configure(config: pytest.Config) -> None:
    if getattr(config.option, "update_snapshots", False) and version("textual") != SNAPSHOT_TEXTUAL:
        pytest.exit(f"snapshots are drawn with textual {SNAPSHOT_TEXTUAL}", returncode=2)
    # Bound when Textual is imported, long before the lesson sets its own theme.
    os.environ.pop("TEXTUAL_THEME", None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of what is the same for many cases one says at once whether it still holds; the others take their time."""
    begun: set[str] = set()
    for item in items:
        if item.get_closest_marker("first_is_quick") is not None:
            function = item.nodeid.partition("[")[0]
            if function in begun:
                item.add_marker(pytest.mark.slow)
            begun.add(function)
