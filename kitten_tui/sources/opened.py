"""What the screen and the paper are given: a lesson, or a model reading a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, Union

if TYPE_CHECKING:
    from kitten_tui.sources.checkpoint.reading import Reading
    from kitten_tui.sources.lesson import Lesson

# A union of names and not of classes, so that a lesson opens without importing what reads models.
Opened: TypeAlias = Union["Lesson", "Reading"]
