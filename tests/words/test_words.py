from __future__ import annotations

import re
import string
from dataclasses import fields, replace
from pathlib import Path

import pytest

import kitten_tui
from kitten_tui.commands import COMMANDS, GROUPS
from kitten_tui.core.annotated import HEAD, PRONOUN, RELATIONS, WAYS
from kitten_tui.core.asking import WAYS as SAID
from kitten_tui.core.attention import ATTENTION
from kitten_tui.core.chain import Chain
from kitten_tui.core.descent import KINDS as STEPS
from kitten_tui.core.faults import FAULTS, MISTAKES
from kitten_tui.core.formula import Op
from kitten_tui.core.measures import MEASURES
from kitten_tui.core.quantity import Quantity, Scope
from kitten_tui.core.refused import REASONS
from kitten_tui.core.settings import MASKS, VARIANTS, Settings
from kitten_tui.core.split import KINDS as PARTS
from kitten_tui.core.transformer import Kind, layer_chain
from kitten_tui.core.variants import BY_NAME, replaced
from kitten_tui.core.weighed import PLAIN, WEIGHED
from kitten_tui.ink.in_words import NORM_PARTS
from kitten_tui.ink.texts import SIGNS
from kitten_tui.ink.why import SHORT
from kitten_tui.paper.altering import COLUMNS
from kitten_tui.sources.annotated import OWN
from kitten_tui.sources.checkpoint.texts import TWO_STACKS, TWO_TEXTS
from kitten_tui.sources.edits import POSITIONS
from kitten_tui.sources.training.beside import ATTENTION as BESIDE
from kitten_tui.sources.training.lines import lines
from kitten_tui.sources.training.optimizer import OPTIMIZERS
from kitten_tui.sources.training.recurrent import KINDS as RECURRENT
from kitten_tui.sources.training.shape import STARTS, Shape
from kitten_tui.stages import CONTINUATION, FITTING, LEARN, LOSS_PAGE, STAGES
from kitten_tui.stages.softmax import EXPERIMENT
from kitten_tui.words import LANGUAGES, Words, language_of_environment

KINDS = {"embedding": ("norm", "project"), "head_norm": ("head", "all"), "bias": ("slopes", "buckets")}
"""The fields of `Kind` that are more than yes and no."""
SOURCES = [path.read_text("utf-8") for path in Path(kitten_tui.__file__).parent.rglob("*.py")]


def families() -> set[str]:
    """Keys that are put together in code from the names of things."""
    keys = {
        f"{stage.id}.{part}"
        for stage in (*STAGES, CONTINUATION, FITTING, LEARN, LOSS_PAGE)
        for part in ("name", "lesson")
    }
    keys |= {f"command.{id}.{part}" for command in COMMANDS for id in command.ids for part in ("name", "help")}
    keys |= {f"{stage.id}.lesson_model" for stage in STAGES if stage.of_model}
    keys |= {f"group.{group}" for group in GROUPS}
    keys |= {f"{group}.mask_{mask}" for mask in MASKS for group in ("status", "setting")}
    keys |= {f"setting.{field.name}" for field in fields(Settings)}
    keys |= {f"setting.position_{kind}" for kind in POSITIONS}
    keys |= {f"measure.{measure}.{part}" for measure in MEASURES for part in ("name", "help")}
    keys |= {f"check.{law}" for law in ("rows", "covered", "terms", "model_rows", "model_covered")}
    keys |= {f"fault.{kind}" for kind in FAULTS} | {f"mistake.{kind}" for kind in MISTAKES}
    keys |= {f"softmax.{name}" for name in ("headroom", *EXPERIMENT)}
    keys |= {f"title.{name}" for name in ("segment", "entered", "looked")}
    keys |= {f"part.{part}" for part in (*TWO_STACKS, *TWO_TEXTS)}
    keys |= {f"gradient.{kind}" for kind in ("grad", "through", *STEPS)}
    keys |= {f"gradient.{name}" for name in ("surprise", "right", "logits", "total", "exp", "masked", "scaled")}
    keys |= {f"learn.{part}.{start}" for part in ("start", "distance", "measure", "right") for start in STARTS}
    keys |= {f"learn.{part}.{name}" for part in ("beside", "right") for name in (BESIDE, *RECURRENT)}
    keys |= {f"weighed{kind}.{name}" for name in WEIGHED.values() if name != PLAIN for kind in ("", ".reading")}
    keys |= {f"variant.{name}.{part}" for name in VARIANTS for part in ("name", "what", "notice")}
    keys |= {f"variant.{name}.{each}" for name in VARIANTS for each in made_otherwise(name)}
    keys |= {f"refused.{reason}" for reason in REASONS}
    keys |= {f"part_of.{kind}" for kind in PARTS} | {f"part_of.short_{kind}" for kind in SHORT}
    keys |= {f"altered.{part}{way}" for way in SAID for part in ("", "title_", "reading_")}
    keys |= {f"reach.{column}" for column in COLUMNS}
    keys |= {f"signs.{sign}" for sign in SIGNS}
    keys |= {f"atlas.{way}.{relation}" for way in (*WAYS, "called") for relation in RELATIONS}
    keys -= {f"atlas.{HEAD}.{PRONOUN}"}  # nothing looks at a pronoun
    keys |= {f"atlas.{name}" for name in ("pair", "number", "right", "interval", "offset", "sink", "does")}
    keys |= {f"atlas.text.{language}" for language in OWN}
    keys |= {f"legend.{sign}" for sign in ("per_cent", "tenths", "covered", "dropped", "previewed", "changed")}
    keys |= {f"formula.norm_{part}" for part in NORM_PARTS}
    return keys | {f"formula.{name}" for name in addressed() - {"masked"}}


def made_otherwise(name: str) -> set[str]:
    """The quantities of lessons and of models of every family that a variant makes otherwise, or tells of."""
    return {line.name for chain in chains() for line in replaced(chain, name)} | {*BY_NAME[name].told}


def chains() -> list[Chain]:
    """Of lessons and of models of every family."""
    plain = [Kind(first, says_next=True) for first in (True, False)]
    kinds = [
        replace(kind, **{field.name: value})
        for kind in plain
        for field in fields(Kind)
        for value in {
            "embedding": ("norm", "project"),
            "head_norm": ("head", "all"),
            "bias": ("slopes", "buckets"),
        }.get(field.name, (True, False))
    ]
    kinds += [
        replace(plain[1], next_factor=True, next_cap=True, thinks=True),
        replace(plain[1], norms_after=True, crossed=True),
    ]
    return [ATTENTION, *map(layer_chain, kinds)]


def addressed() -> set[str]:
    """The quantities of lessons, of models of every family and of trainings that have a place of their own."""
    trained = [chain for optimizer in OPTIMIZERS for chain in lines(Shape(5, 5), optimizer)]
    return {
        name
        for chain in (*chains(), *trained)
        for name, each in chain.items()
        if not each.of and each.scope is not Scope.CONSTANT and not normed(each) and not part_of_norm(name, chain)
    }


def normed(quantity: Quantity) -> bool:
    """Whether it has the sentence of all norms."""
    return quantity.formula is not None and quantity.formula.op is Op.NORM


def part_of_norm(name: str, chain: Chain) -> bool:
    whole, _, part = name.rpartition("_")
    return part in NORM_PARTS and whole in chain and normed(chain[whole])


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
