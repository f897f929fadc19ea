from __future__ import annotations

import itertools
import re
import string
from dataclasses import fields
from pathlib import Path

import pytest

import kitten_tui
from kitten_tui.commands import COMMANDS, GROUPS
from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.descent import KINDS
from kitten_tui.core.faults import FAULTS, MISTAKES
from kitten_tui.core.measures import MEASURES
from kitten_tui.core.quantity import Scope
from kitten_tui.core.settings import MASKS, Settings
from kitten_tui.core.transformer import layer_chain
from kitten_tui.ink.texts import SIGNS
from kitten_tui.sources.checkpoint.families import FAMILIES
from kitten_tui.sources.edits import POSITIONS
from kitten_tui.sources.training.lines import lines
from kitten_tui.sources.training.optimizer import OPTIMIZERS
from kitten_tui.sources.training.shape import Shape
from kitten_tui.stages import CONTINUATION, FITTING, LEARN, STAGES
from kitten_tui.words import LANGUAGES, Words, language_of_environment

SOURCES = [path.read_text("utf-8") for path in Path(kitten_tui.__file__).parent.rglob("*.py")]


def families() -> set[str]:
    """Keys that are put together in code from the names of things."""
    keys = {f"{stage.id}.{part}" for stage in (*STAGES, CONTINUATION, FITTING, LEARN) for part in ("name", "lesson")}
    keys |= {f"command.{id}.{part}" for command in COMMANDS for id in command.ids for part in ("name", "help")}
    keys |= {f"{stage.id}.lesson_model" for stage in STAGES if stage.of_model}
    keys |= {f"group.{group}" for group in GROUPS}
    keys |= {f"{group}.mask_{mask}" for mask in MASKS for group in ("status", "setting")}
    keys |= {f"setting.{field.name}" for field in fields(Settings)}
    keys |= {f"setting.position_{kind}" for kind in POSITIONS}
    keys |= {f"measure.{measure}.{part}" for measure in MEASURES for part in ("name", "help")}
    keys |= {f"check.{law}" for law in ("rows", "covered", "terms", "model_rows", "model_covered")}
    keys |= {f"fault.{kind}" for kind in FAULTS} | {f"mistake.{kind}" for kind in MISTAKES}
    keys |= {f"softmax.{name}" for name in ("headroom", "sensitivity")}
    keys |= {f"gradient.{kind}" for kind in ("grad", "through", *KINDS)}
    keys |= {f"gradient.{name}" for name in ("surprise", "right", "logits", "total", "exp", "masked", "scaled")}
    keys |= {f"signs.{sign}" for sign in SIGNS}
    keys |= {f"legend.{sign}" for sign in ("per_cent", "tenths", "covered", "dropped", "previewed", "changed")}
    return keys | {f"formula.{name}" for name in addressed() if name != "masked"}


def addressed() -> set[str]:
    """The quantities of lessons and of models of every family that have a place of their own."""
    chains = [ATTENTION]
    for family, first, rotary, says_next in itertools.product(FAMILIES.values(), *[(True, False)] * 3):
        head_norm = bool(family.q_norm) and rotary
        about = {"rms": family.rms, "norms_after": family.norms_after, "head_norm": head_norm}
        chains.append(layer_chain(first=first, rotary=rotary, says_next=says_next, **about))
    chains += [chain for optimizer in OPTIMIZERS for chain in lines(Shape(5, 5), optimizer)]
    own = (each for chain in chains for each in chain.values() if not each.of)
    return {each.name for each in own if each.scope is not Scope.CONSTANT}


def written() -> set[str]:
    """Every string in the code that is a key in some language, or is asked for as one."""
    literals = {text for source in SOURCES for text in re.findall(r"""["']([a-z_]+(?:\.[a-z_]+)*)["']""", source)}
    known = literals & set().union(*(Words(language).texts for language in LANGUAGES))
    asked = {text for source in SOURCES for text in re.findall(r"""\b(?:words|phrase)\(\s*["']([^"'{]+)["']""", source)}
    return known | asked


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_is_missing(language: str) -> None:
    assert families() | written() <= set(Words(language).texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_is_unused(language: str) -> None:
    assert set(Words(language).texts) <= families() | written()


def test_both_languages_have_the_same_places_for_values() -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    english, chinese = Words("en").texts, Words("zh").texts
    differ = {key for key in english if places(english[key]) != places(chinese[key])}
    assert not differ


def test_every_sentence_says_something() -> None:
    assert all(text for language in LANGUAGES for text in Words(language).texts.values())


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        ({"LC_ALL": "", "LANG": "zh-CN"}, "zh"),
        ({}, "en"),
    ],
)
def test_language_of_environment(environment: dict[str, str], language: str) -> None:
    assert language_of_environment(environment) == language
