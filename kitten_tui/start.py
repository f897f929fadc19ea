"""What is looked at to begin with: a source, its settings and the selection, from what was asked for."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kitten_tui.core.refused import refused
from kitten_tui.core.sampling import Drawing
from kitten_tui.core.settings import VARIANTS, Settings
from kitten_tui.core.source import Source
from kitten_tui.core.workings import Workings
from kitten_tui.desk.line import PLACES
from kitten_tui.desk.selection import Selection
from kitten_tui.options import DRAWING, UsageError
from kitten_tui.sources.find import DEFAULT, MAX_TEXT, open_source, read_text, sentence, without_line_end
from kitten_tui.sources.lesson import lesson_of
from kitten_tui.sources.setting import changed
from kitten_tui.stages import stages_of
from kitten_tui.stages.tokens import counted, one_of, pair_of, place_of
from kitten_tui.stages.view import View, place_name
from kitten_tui.words import Words, language_of_environment

MAX_SENTENCE = 100_000
MOST_PLACES = 1_000_000
"""Of what is not known before the page stands; a place beyond its edge moves to the edge."""


def start(arguments: argparse.Namespace) -> View:
    """The first view; nothing of a model is computed yet.

    Raises:
        SourceError: what was asked for cannot be opened, or the source does not have it.
    """
    _settings(Settings(), seed=arguments.seed)  # refused before a sentence draws from it
    source = _source(arguments)
    given = {name: getattr(arguments, name) for name in ("scale", "mask", "dropout", "seed")}
    settings = _settings(source.settings, **given)
    if settings.mask not in source.masks:
        raise UsageError(f"--mask: expected one of {', '.join(source.masks)} for this source, found {settings.mask}")
    if arguments.init is not None:
        if source.editor is None:
            raise UsageError("--init: expected a lesson, found a model, whose numbers stay as they are")
        source = source.editor.other_matrices(settings.seed, arguments.init)
        source = _opened_with(source, "--init", arguments.init, "--seed", str(settings.seed))
    opened = source
    for text in dict.fromkeys(arguments.without or ()):  # twice is no more than once
        source = _without(source, text, arguments.in_place)
    for text in arguments.set or ():
        before = source
        source, settings = changed(opened, source, settings, text)
        if source is not before and source.alters is None:
            source = _opened_with(source, "--set", text)
    selection = _placed(arguments, source, _selection(arguments, source))
    if arguments.mistake is not None:
        settings = replace(settings, variant=_mistake(arguments.mistake, source, settings, selection.layer))
    return View(source, settings, selection)


def _without(source: Source, text: str, way: str | None) -> Source:
    """A model with a head that says nothing, or its mean."""
    layer, _, head = text.partition(".")
    places = counted(layer, source.n_layers), counted(head, source.n_heads)
    if source.alters is None:
        raise UsageError("--without: expected a model with one text, found another source")
    if places[0] is None or places[1] is None:
        raise UsageError(
            f"--without: expected LAYER.HEAD, of {source.n_layers} layers and {source.n_heads} heads, found {text}"
        )
    return source.alters.without(places[0], places[1], *(() if way is None else (way,)))


def _mistake(name: str, source: Source, settings: Settings, layer: int) -> str:
    """A variant that can be shown of this source."""
    if name not in VARIANTS:
        raise UsageError(f"--mistake: expected one of {', '.join(VARIANTS)}, found {name}")
    reason = refused(source, settings, layer, name)
    if reason is not None:
        raise UsageError(f"--mistake: {name}: {Words('en')(f'refused.{reason[0]}', name=reason[1])}")
    return name


def _opened_with(source: Source, *words: str) -> Source:
    """A changed lesson, which knows what to ask for to be opened again."""
    lesson = lesson_of(source)
    return replace(lesson, origin=(*lesson.origin, *words) if lesson.origin else ())


def _placed(arguments: argparse.Namespace, source: Source, selection: Selection) -> Selection:
    """The selection with what `--place` and `--figure` say."""
    counts = {"query": len(source.tokens), "key": len(source.key_tokens), "pinned": len(source.tokens)}
    places: dict[str, int | str] = {}
    for text in (arguments.place or "").split(","):
        name, _, number = text.partition("=")
        if not text:
            continue
        most = counts.get(name, MOST_PLACES)
        place = counted(number, most)
        if name not in ("query", *PLACES) or place is None:
            raise UsageError(
                f"--place: expected NAME=N with a name of query, {', '.join(PLACES)} and a number from 1 to {most}, "
                f"found {text}"
            )
        places[name] = place
    if arguments.figure is not None:
        places["focus"] = arguments.figure
    return selection.moved(**places)


def _source(arguments: argparse.Namespace) -> Source:
    argument, language = arguments.source, arguments.lang or language_of_environment()
    if arguments.model is not None:
        from kitten_tui.sources.checkpoint.model import check_installed, open_model
        from kitten_tui.sources.checkpoint.texts import open_texts
        from kitten_tui.sources.training.saved import is_saved, open_saved
        from kitten_tui.sources.training.source import Training, words_of

        if is_saved(arguments.model):
            if arguments.second is not None or arguments.part is not None:
                raise UsageError("--second and --part: expected a model that takes two texts, found a training")
            if arguments.chat:
                raise UsageError("--chat: expected a model with a chat_template, found a training")
            check_installed()
            run = open_saved(arguments.model)
            text = _read_sentence() if argument == "-" else argument
            return Training(run, run.state, None if text is None else words_of(run, text))
        model = open_model(arguments.model, arguments.trust_layout, arguments.download)
        text = _read_sentence(MAX_TEXT) if argument == "-" else read_text(argument)
        reading = open_texts(model, text, arguments.second, arguments.part, chat=arguments.chat)
        trust = ("--trust-layout",) if arguments.trust_layout else ()
        second = () if arguments.second is None else ("--second", arguments.second)
        chat = ("--chat",) if arguments.chat else ()
        drawing = _drawing(arguments)
        for part in reading.beside or (reading,):
            part.drawing = drawing
            if argument != "-":  # what came through a pipe has gone
                words = (
                    "--model",
                    arguments.model,
                    *trust,
                    *chat,
                    *second,
                    *(("--part", part.part) if part.part else ()),
                )
                part.origin = words if argument is None else (*words, argument)
        return reading
    if arguments.train is not None:
        from kitten_tui.sources.training.opening import open_training
        from kitten_tui.sources.training.source import Training, words_of

        run = open_training(f"kitten-{language}" if arguments.train == "kitten" else arguments.train, vars(arguments))
        text = _read_sentence() if argument == "-" else argument
        return Training(run, run.state, None if text is None else words_of(run, text))
    if argument == "-":
        return sentence(_read_sentence(), Settings.seed if arguments.seed is None else arguments.seed)
    return open_source(DEFAULT if argument is None else argument, arguments.seed, language, arguments.tokens)


def _drawing(arguments: argparse.Namespace) -> Drawing:
    """What next tokens are drawn by; a cut without a temperature has one of 1."""
    given = {name: getattr(arguments, name) for name in (*DRAWING, "seed")}
    given = {name: value for name, value in given.items() if value is not None}
    if ("top_k" in given or "top_p" in given) and "temperature" not in given:
        given["temperature"] = 1.0
    try:
        return Drawing(**given)
    except ValueError as error:
        raise UsageError(f"--{error}") from None


def _settings(settings: Settings, **given: Any) -> Settings:
    """The settings with what was given on the command line in place of the sample's."""
    try:
        return replace(settings, **{name: value for name, value in given.items() if value is not None})
    except ValueError as error:
        raise UsageError(f"--{error}") from None


def _selection(arguments: argparse.Namespace, source: Source) -> Selection:
    """What is selected to begin with."""
    query = source.query if arguments.query is None else _token("--query", arguments.query, source.tokens)
    key = min(query, len(source.key_tokens) - 1)
    if arguments.to is not None:
        query, key = _token("--from", arguments.from_, source.tokens), _token("--to", arguments.to, source.key_tokens)
    if arguments.why is not None:
        query, key = _pair("--why", arguments.why, source)
    for name, needed in (("by_value", "value_share"), ("hide_special", "word_share")):
        if getattr(arguments, name) and not Workings(source, source.settings).has(needed):
            what = "value vectors v" if name == "by_value" else "special tokens such as [CLS] among others"
            raise UsageError(f"--{name.replace('_', '-')}: expected a source that has {what}, found none")
    return Selection(
        stage=_stage(arguments.stage, [stage.id for stage in stages_of(source)]),
        layer=_number("--layer", arguments.layer, source.n_layers),
        head=_number("--head", arguments.head, source.n_heads),
        query=query,
        key=key,
        by_value=arguments.by_value,
        hide_special=arguments.hide_special,
    )


def _number(option: str, given: int | None, count: int) -> int:
    if given is None:
        return 0
    if not 1 <= given <= count:
        raise UsageError(f"{option}: expected a number from 1 to {count}, found {given}")
    return given - 1


def _stage(given: str | None, names: Sequence[str]) -> int:
    if given is None:  # a training is opened where it is seen to learn
        return names.index("learn") if "learn" in names else 0
    place = one_of(given, names)
    if place is not None:
        return place
    raise UsageError(f"--stage: expected a number from 1 to {len(names)} or one of {', '.join(names)}, found {given}")


def _token(option: str, given: str, tokens: Sequence[str]) -> int:
    """The token that an option names."""
    place = place_of(given, tokens)
    if place is not None:
        return place
    raise UsageError(f"{option}: expected one of {_names(tokens)} or a number from 1 to {len(tokens)}, found {given}")


def _pair(option: str, given: str, source: Source) -> tuple[int, int]:
    """The two tokens that an option names."""
    pair = pair_of(given, source.tokens, source.key_tokens)
    if pair is not None:
        return pair
    raise UsageError(f"{option}: expected two of {_names(source.tokens)} as in WORD:WORD, found {given}")


def _names(tokens: Sequence[str]) -> str:
    """The first tokens, as they are called."""
    names = [place_name(tokens, place).strip() for place in range(min(len(tokens), 8))]
    return ", ".join(names) + (", …" if len(tokens) > 8 else "")


def _read_sentence(limit: int = MAX_SENTENCE) -> str:
    """The sentence on standard input, which then becomes the terminal again so that keys can be read."""
    if sys.stdin is None:
        raise UsageError("-: expected a sentence on standard input, found none")
    raw = sys.stdin.buffer.read(limit + 1) if hasattr(sys.stdin, "buffer") else sys.stdin.read(limit + 1).encode()
    if len(raw) > limit:
        raise UsageError(f"-: expected a sentence of at most {limit:,} bytes, found more")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"-: expected UTF-8, found byte 0x{raw[error.start]:02x} at position {error.start}") from None
    text = without_line_end(text)
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return text
    os.dup2(terminal, 0)
    os.close(terminal)
    return text
