"""What the argument of `kitten-tui` means: a sample's name, a file, or a sentence."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

from kitten_tui.core.settings import Settings
from kitten_tui.core.source import Source
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.lesson import Lesson
from kitten_tui.sources.reading import read_bytes
from kitten_tui.sources.sample import read_sample
from kitten_tui.sources.sentence import from_sentence

DEFAULT = "journey"
RECORDED = (".npz", ".npy", ".safetensors", ".json")
"""Files of arrays that were computed elsewhere."""
SUFFIXES = (".toml", ".txt", ".md", ".py", *RECORDED)
_PACKAGE = Path(__file__).parent.parent


def samples() -> dict[str, Path]:
    """The samples that open by name. A wheel carries them inside the package; a checkout has them beside it."""
    inside = _PACKAGE / "samples"
    folder = inside if inside.is_dir() else _PACKAGE.parent / "samples"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def sample_names() -> list[str]:
    """What samples are opened by; where there is one in each language, also their name without it."""
    every = samples()
    pairs = {name.rpartition("-")[0] for name in every if name.endswith("-zh")}
    return sorted({*every, *(name for name in pairs if f"{name}-en" in every)})


def open_source(argument: str, seed: int | None = None, language: str = "en", tokens: str | None = None) -> Source:
    """A sample's name, else an existing file, else a sentence; of two samples the one in the language.

    `tokens` is the file of the words of a file of arrays.

    Raises:
        SourceError: it cannot be opened, or looks like a path and is not there.
    """
    if _named(argument, language) or _is_file(argument) or _looks_like_path(argument):
        return open_file(argument, language, tokens)
    if tokens is not None:
        raise SourceError(f"--tokens: expected a file of arrays with it, found {argument}")
    return sentence(argument, Settings.seed if seed is None else seed)


def sentence(text: str, seed: int) -> Lesson:
    """A sentence, which a command line opens again if it would not be taken for something else there.

    Raises:
        SourceError: there is no word in it, or more than a lesson has.
    """
    lesson = from_sentence(text, seed)
    other = any(_named(text, language) for language in ("en", "zh")) or _is_file(text) or _looks_like_path(text)
    if other or text.startswith("-") or "\0" in text:
        return lesson
    return replace(lesson, origin=(text, *(() if seed == Settings.seed else ("--seed", str(seed)))))


def _named(argument: str, language: str) -> Path | None:
    """The sample of this name; where there is one in each language, its name goes without that."""
    every = samples()
    return every.get(argument) or every.get(f"{argument}-{language}")


SENTENCE = "Your journey starts with one step"
MAX_TEXT = 1_000_000


def read_text(argument: str | None) -> str:
    """What a model is to read: a file of text, or the sentence itself.

    Raises:
        SourceError: it looks like a path and is not there, or is no text.
    """
    if argument is None:
        return SENTENCE
    if not _is_file(argument):
        if _looks_like_path(argument):
            raise SourceError(f"{argument}: expected a file of text, found none; - reads a text from standard input")
        return argument
    path = Path(argument).expanduser()
    if path.is_dir():
        raise SourceError(f"{path}: expected a file of text, found a directory")
    try:
        raw = read_bytes(path, MAX_TEXT, pipe=True)
        if len(raw) > MAX_TEXT:
            raise SourceError(f"{path}: expected a text of at most {MAX_TEXT:,} bytes, found more")
        return without_line_end(raw.decode("utf-8"))
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: expected UTF-8, found another byte at position {error.start}") from None


def open_file(argument: str, language: str = "en", tokens: str | None = None) -> Source:
    """A sample's name, else an existing file; of two samples the one in the language.

    Raises:
        SourceError: it is neither, or cannot be opened.
    """
    named = _named(argument, language)
    path = named or Path(argument).expanduser() if named or _is_file(argument) else None
    if path is not None and path.suffix.lower() in RECORDED:
        from kitten_tui.sources.recorded import open_recording

        recording = open_recording(path, None if tokens is None else Path(tokens).expanduser())
        recording.origin = (argument, *(() if tokens is None else ("--tokens", tokens)))
        return recording
    if tokens is not None:
        raise SourceError(f"--tokens: expected a file of arrays with it, found {argument}")
    if path is not None:
        return replace(read_sample(path), origin=(argument if named is None else named.stem,))
    argument = argument or "nothing"
    hint = "; - reads a sentence from standard input" if _looks_like_path(argument) else ""
    raise SourceError(
        f"{argument}: expected a file or the name of a sample ({', '.join(sample_names())}), found neither{hint}"
    )


def is_path(argument: str) -> bool:
    """Whether it is a file, or could only be one."""
    return _is_file(argument) or _looks_like_path(argument)


def _is_file(argument: str) -> bool:
    """Whether something of this name is there to be opened; a word that is also a folder is a word."""
    try:
        path = Path(argument).expanduser()
        return bool(argument) and path.exists() and (_begins_as_path(argument) or not path.is_dir())
    except (OSError, ValueError, RuntimeError):  # too long for a name, holds a null byte, or is nobody's home
        return False


def _begins_as_path(text: str) -> bool:
    return text.startswith(("/", "./", "../", "~/")) or text in (".", "..", "~")


def _looks_like_path(argument: str) -> bool:
    """It begins as only paths do, or is one word with a known suffix; Chinese words stand together without spaces."""
    text = argument.strip()
    if "\n" in text:
        return False
    is_word = len(text.split()) == 1 and all(unicodedata.east_asian_width(character) not in "WF" for character in text)
    return _begins_as_path(text) or (is_word and text.lower().endswith(SUFFIXES))


def without_line_end(text: str) -> str:
    """The text of a file: its byte order mark and the end of its last line are no part of it."""
    return text.removeprefix("\ufeff").rstrip("\r\n")
