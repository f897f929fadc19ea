"""A text that a model goes on with, token by token, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.cells import cell_len

from kitten_tui.core.next_tokens import Continuation
from kitten_tui.core.source import Source
from kitten_tui.ink.cells import fit, harmless, show_token
from kitten_tui.ink.numbers import fmt
from kitten_tui.words import Words

OTHERS = 4
"""The likeliest tokens that stand beside each one that came."""


@dataclass(eq=False)
class Went:
    """How far a text has gone on."""

    begun: Source
    now: Source
    before: list[Continuation] = field(default_factory=list)
    """What was likely before each token that came."""
    full: bool = False
    """Whether the model has no place for one more."""

    @classmethod
    def of(cls, source: Source) -> Went:
        """With no token yet."""
        return cls(source, source)

    def go_on(self) -> bool:
        """One more token; False where the text has ended, or there is no place for one more."""
        going, says = self.now.goes_on, self.now.next_tokens
        assert going is not None  # only what goes on is asked to
        assert says is not None
        if going.ended:
            return False
        if len(self.now.tokens) >= going.most:
            self.full = True
            return False
        following = says.continuation(len(self.now.tokens) - 1)
        self.now = going.longer(lambda: None)
        self.before.append(following)
        return True

    @property
    def text(self) -> str:
        assert self.now.goes_on is not None
        return self.now.goes_on.text

    @property
    def stopped(self) -> str:
        """Why it is no longer: "end", "full", or nothing."""
        assert self.now.goes_on is not None
        return "end" if self.now.goes_on.ended else "full" if self.full else ""


def went_lines(went: Went, words: Words) -> Iterator[str]:
    """The text, then a line for each token that came: how likely it was, and what was likely beside it."""
    yield from (harmless(line) for line in went.text.split("\n"))
    yield ""
    going = went.begun.goes_on
    assert going is not None
    drawn = going.drawing.draws
    headings = ("", words("going_on.token"), "P", *(("P drawn",) if drawn else ()), words("going_on.likeliest"))
    rows = [headings]
    for place, following in enumerate(went.before, len(went.begun.tokens)):
        piece = _shown(following.taken_piece)
        others = ", ".join(
            f"{_shown(name)} {fmt(float(share), 2)}"
            for name, share in zip(following.pieces[:OTHERS], following.probability, strict=False)
        )
        chance = (fmt(following.taken_probability),) if drawn else ()
        rows.append((str(place + 1), piece, fmt(following.taken_share), *chance, others))
    widths = [max(cell_len(row[column]) for row in rows) for column in range(len(headings))]
    for row in rows:
        yield "  ".join(
            fit(cell, width, "left" if column in (1, len(row) - 1) else "right")
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
    if went.stopped:
        yield ""
        yield words("going_on.end") if went.stopped == "end" else words("going_on.full", most=going.most)


def _shown(piece: str) -> str:
    return harmless(show_token(piece))


def went_json(went: Went) -> str:
    """The same as one object; places count from 1, numbers of tokens are those of the vocabulary."""
    going = went.begun.goes_on
    assert going is not None
    drawing = going.drawing
    drawn = {"temperature": drawing.temperature, "top_k": drawing.top_k, "top_p": drawing.top_p, "seed": drawing.seed}
    return json.dumps(
        {
            "text": went.text,
            "tokens": list(went.now.tokens),
            "drawing": drawn if drawing.draws else None,
            "generated": [
                _told(following, place, drawing.draws)
                for place, following in enumerate(went.before, len(went.begun.tokens) + 1)
            ],
            "stopped": went.stopped or None,
        },
        allow_nan=False,
    )


def _told(following: Continuation, place: int, drawn: bool) -> dict[str, object]:
    likeliest = [
        {"token": piece, "id": number, "logit": logit, "probability": probability}
        for piece, number, logit, probability in zip(
            following.pieces, following.ids, following.logit.tolist(), following.probability.tolist(), strict=True
        )
    ]
    return {
        "place": place,
        "token": following.taken_piece,
        "id": following.taken,
        "probability": following.taken_share,
        **({"drawn": following.taken_probability} if drawn else {}),
        "likeliest": likeliest,
    }
