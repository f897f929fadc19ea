"""One text or two in a model, and which part of what belongs together is looked at."""

from __future__ import annotations

from kitten_tui.sources.checkpoint.model import Model
from kitten_tui.sources.checkpoint.onward import most_tokens
from kitten_tui.sources.checkpoint.reading import Reading
from kitten_tui.sources.errors import SourceError

TWO_STACKS = ("encoder", "decoder", "cross")
TWO_TEXTS = ("whole", "A-A", "A-B", "B-A", "B-B")
"""Both texts as one; then what each gives to itself and to the other."""


def open_texts(
    model: Model, text: str, second: str | None = None, part: str | None = None, *, chat: bool = False
) -> Reading:
    """The part that is asked for, with the others beside it; without a word the whole, or of two stacks the encoder,
    and what leads from one text to the other where there are two. For a chat the text stands in the model's template.

    Raises:
        SourceError: the model takes no second text, or has no such part or no template.
    """
    if chat:
        return _chat(model, text)
    if second is not None:
        if not model.takes_pairs:
            raise SourceError(
                "--second: expected a model that takes two texts, such as bert, t5 or bart, "
                f"found {model.config.model_type}"
            )
        if not second.strip():
            raise SourceError("--second: expected a sentence, found nothing in it")
    parts = _parts(model, text, second)
    names = [one.part for one in parts]
    wanted = part or ("cross" if second is not None and model.decoder is not None else names[0])
    if wanted not in names:
        known = "two texts, or a model of two stacks" if names == [""] else f"one of {', '.join(names)}"
        raise SourceError(f"--part: expected {known}, found {part}")
    if len(parts) > 1:
        for one in parts:
            one.beside = parts
    return parts[names.index(wanted)]


def _chat(model: Model, text: str) -> Reading:
    """A text in the model's own chat template; what is special in that is read so."""
    from kitten_tui.sources.checkpoint.chat import Chat  # a process, and only where it is asked for

    if not text.strip():
        raise SourceError("SOURCE: expected a sentence, found nothing in it")
    said = Chat.of(model).around(text)
    cut = model.tokens.read(said, most_tokens(model), framed=False)
    if not cut.ids:
        raise SourceError(f"{model.folder}: chat template: expected a text, found nothing in what it makes")
    reading = Reading(model, said, cut=cut)
    reading.chat = True
    return reading


def _parts(model: Model, text: str, second: str | None) -> tuple[Reading, ...]:
    if model.decoder is not None:
        from kitten_tui.sources.checkpoint.crossing import Decoding, Encoding

        encoder = Encoding(model, text, second)
        decoder = Decoding(model.decoder, encoder)
        return encoder, decoder, decoder.crossing
    reading = Reading(model, text, second)
    if second is None:
        return (reading,)
    from kitten_tui.sources.checkpoint.sides import sides_of

    return sides_of(reading)
