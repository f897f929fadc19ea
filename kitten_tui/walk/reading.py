"""Steps from a file: TOML, a table for each step, every name in it one that is known."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.tables import read_table
from kitten_tui.sources.writing import path_of
from kitten_tui.stages import CONTINUATION, FITTING, LEARN, LOSS_PAGE, STAGES
from kitten_tui.stages.light import PARTS, Light
from kitten_tui.walk.actions import SWITCHES
from kitten_tui.walk.facts import FACTS, names_in
from kitten_tui.walk.places import PLACES
from kitten_tui.walk.questions import QUESTIONS
from kitten_tui.walk.rules import RULES
from kitten_tui.walk.step import Question, Step, Texts
from kitten_tui.words import LANGUAGES

STAGE_IDS = tuple(stage.id for stage in (*STAGES, CONTINUATION, FITTING, LEARN, LOSS_PAGE))
AXES = ("query", "key", "d_model", "d_k", "concat", "head")
KEYS = ("id", "stage", "page", "if", "do", "look", "figure", "light", "sum", "answers", "ask", *LANGUAGES)
OF_QUESTIONS = ("kind", "cover", "options", *LANGUAGES)
NAMED = 3
"""How many names a refusal offers."""
LONGEST_NAME = 80
"""Characters of what is no name that a refusal shows, and looks for the like of."""
_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*step[ \t]*\]\]", re.MULTILINE)


@lru_cache(maxsize=1)
def own_steps() -> tuple[Step, ...]:
    """Those of the program, in both languages."""
    with resources.as_file(resources.files("kitten_tui.words").joinpath("walk.toml")) as path:
        return read_steps(path)


def steps_of(file: str | None) -> tuple[Step, ...]:
    """Those of a file that somebody names, else the program's own.

    Raises:
        SourceError: as for `read_steps`.
    """
    return own_steps() if file is None else read_steps(path_of(file))


def read_steps(path: Path) -> tuple[Step, ...]:
    """The steps of a file, in its order.

    Raises:
        SourceError: it cannot be read, or names what is not known; the line names the step and where it begins.
    """
    values, text = read_table(path, "a walk")
    for key in values:
        if key != "step":
            raise SourceError(f"{path}: {key}: expected tables [[step]] alone, found {key}")
    tables = values.get("step")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise SourceError(f"{path}: expected at least one table [[step]], found none")
    lines = [text.count("\n", 0, header.start()) + 1 for header in _HEADER.finditer(text)]
    steps: dict[str, Step] = {}
    for number, table in enumerate(tables):
        line = f"line {lines[number]}: " if len(lines) == len(tables) else ""
        step = _Table(f"{path}: {line}step {number + 1}", table).step()
        if step.id in steps:
            raise SourceError(f"{path}: {line}step {number + 1}: id: expected another than before, found {step.id}")
        steps[step.id] = step
    return tuple(steps.values())


class _Table:
    """A table that remembers where it stands."""

    def __init__(self, place: str, values: Mapping[str, Any]) -> None:
        self.place = place
        self.values = values

    def step(self) -> Step:
        self._only(KEYS)
        look = self._mapping("look")
        for axis, place in look.items():
            self._known(f"look.{axis}", axis, AXES)
            self._known(f"look.{axis}", place, PLACES)
        asked = self._mapping("ask")
        return Step(
            id=self._text("id"),
            stage=self._known("stage", self._text("stage"), STAGE_IDS),
            text=self._texts(),
            page=self._known("page", self._text("page"), STAGE_IDS) if "page" in self.values else "",
            rules=self._names("if", RULES),
            does=tuple(self._action(text) for text in self._list("do")),
            look=look,
            figures=tuple(self._text("figure", "").split()),
            lights=self._lights("light"),
            sum=self._flag("sum"),
            question=_Table(f"{self.place}: ask", asked).question() if asked else None,
            answers=tuple(self._list("answers")),
        )

    def question(self) -> Question:
        self._only(OF_QUESTIONS)
        kind = self._known("kind", self._text("kind"), QUESTIONS)
        texts = self._texts()
        options = {
            language: tuple(_Table(self.place, given)._list(language))
            for given in [self._mapping("options")]
            for language in given
        }
        wanted = QUESTIONS[kind].options
        for language in texts if wanted else ():
            given = len(options.get(language, ()))
            if given != wanted:
                self._fail(f"options.{language}", f"{wanted} texts to choose from", given or "none")
        return Question(kind, texts, options if wanted else {}, self._lights("cover"))

    def _texts(self) -> Texts:
        """The sentence in each language; one is enough for a teacher."""
        texts = {language: self._text(language) for language in LANGUAGES if language in self.values}
        if not texts:
            self._fail(LANGUAGES[0], f"a sentence in one of {', '.join(LANGUAGES)}", "none")
        for language, text in texts.items():
            try:
                names = names_in(text)
            except ValueError as error:
                self._fail(language, "braces around names alone", error)
            for name in sorted(names):
                self._known(language, name, FACTS)
        return texts

    def _action(self, text: str) -> str:
        name, _, value = text.partition("=")
        self._known("do", name, SWITCHES)
        if value not in SWITCHES[name]:
            self._fail("do", " or ".join(f"{name}={each}" for each in SWITCHES[name]), text)
        return text

    def _lights(self, key: str) -> tuple[Light, ...]:
        lights = []
        for text in self._list(key):
            figure, _, part = text.partition(" ")
            lights.append(Light(figure, self._known(key, part or "all", PARTS)))
        return tuple(lights)

    def _names(self, key: str, known: Collection[str]) -> tuple[str, ...]:
        return tuple(self._known(key, name, known) for name in self._list(key))

    def _known(self, key: str, name: object, known: Collection[str]) -> str:
        if isinstance(name, str) and name in known:
            return name
        near = get_close_matches(str(name)[:LONGEST_NAME], known, NAMED) or sorted(known)[:NAMED]
        self._fail(key, f"one of {len(known)} names, such as {', '.join(near)}", name or "none")

    def _text(self, key: str, default: str | None = None) -> str:
        value = self.values.get(key, default)
        if not isinstance(value, str) or (not value.strip() and default is None):
            self._fail(key, "a text", "none" if value is None else value)
        return value.strip()

    def _list(self, key: str) -> Sequence[str]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self._fail(key, "a list of texts", value)
        return value

    def _mapping(self, key: str) -> Mapping[str, Any]:
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self._fail(key, "a table", value)
        return value

    def _flag(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self._fail(key, "true or false", value)
        return value

    def _only(self, known: Sequence[str]) -> None:
        for key in self.values:
            if key not in known:
                self._fail(key, f"one of {', '.join(known)}", key)

    def _fail(self, key: str, expected: str, found: object) -> NoReturn:
        raise SourceError(f"{self.place}: {key}: expected {expected}, found {str(found)[:LONGEST_NAME]}")
