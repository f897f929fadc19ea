"""What the argument of `kitten-tui` means: a sample's name, a file, or a sentence."""

from __future__ import annotations

from pathlib import Path

from kitten_tui.core.settings import Settings
from kitten_tui.sources.errors import SourceError
from kitten_tui.sources.lesson import Lesson
from kitten_tui.sources.sample import read_sample
from kitten_tui.sources.sentence import from_sentence

DEFAULT = "journey"
SUFFIXES = (".toml", ".json", ".txt", ".npz", ".npy", ".safetensors", ".md", ".py")
_PACKAGE = Path(__file__).parent.parent


def samples() -> dict[str, Path]:
    """The samples that open by name. A wheel carries them inside the package; a checkout has them beside it."""
    inside = _PACKAGE / "samples"
    folder = inside if inside.is_dir() else _PACKAGE.parent / "samples"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def open_source(argument: str, seed: int | None = None) -> Lesson:
    """A sample's name, else an existing file, else a sentence.

    Raises:
        SourceError: it cannot be opened, or looks like a path and is not there.
    """
    if argument in samples() or _exists(argument) or _looks_like_path(argument):
        return open_file(argument)
    return from_sentence(argument, Settings.seed if seed is None else seed)


SENTENCE = "Your journey starts with one step"
MAX_TEXT = 1_000_000


def read_text(argument: str | None) -> str:
    """What a model is to read: a file of text, or the sentence itself.

    Raises:
        SourceError: it looks like a path and is not there, or is no text.
    """
    if argument is None:
        return SENTENCE
    if not _exists(argument):
        if _looks_like_path(argument):
            raise SourceError(f"{argument}: expected a file of text, found none")
        return argument
    path = Path(argument).expanduser()
    if path.is_dir():
        raise SourceError(f"{path}: expected a file of text, found a directory")
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_TEXT + 1)
        if len(raw) > MAX_TEXT:
            raise SourceError(f"{path}: expected a text of at most {MAX_TEXT:,} bytes, found more")
        return raw.decode("utf-8")
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: expected UTF-8, found another byte at position {error.start}") from None


def open_file(argument: str) -> Lesson:
    """A sample's name, else an existing file.

    Raises:
        SourceError: it is neither, or cannot be opened.
    """
    named = samples().get(argument)
    if named is not None:
        return read_sample(named)
    if _exists(argument):
        return read_sample(Path(argument).expanduser())
    argument = argument or "nothing"
    raise SourceError(f"{argument}: expected a file or the name of a sample ({', '.join(samples())}), found neither")


def _exists(argument: str) -> bool:
    try:
        return Path(argument).expanduser().exists() and bool(argument)
    except (OSError, ValueError, RuntimeError):  # too long for a name, or holds a null byte
        return False


def _looks_like_path(argument: str) -> bool:
    """A known suffix, a beginning that only paths have, or a separator with no space around it anywhere."""
    text = argument.strip()
    if "\n" in text:
        return False
    begins = text.startswith(("/", "./", "../", "~/", "\\"))
    one_word = len(text.split()) == 1
    return text.lower().endswith(SUFFIXES) or begins or (one_word and ("/" in text or "\\" in text))
