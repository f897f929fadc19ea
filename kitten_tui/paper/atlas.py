"""Which heads do grammar, as JSON; the table is that of the screen."""

from __future__ import annotations

import json

from kitten_tui.core.atlas import Atlas, Skill


def atlas_json(atlas: Atlas) -> str:
    """One object with both ways of each relation; layers and heads count from 1, shares are of the second half."""
    about = {"text": atlas.text, "sentences": atlas.sentences, "pairs": atlas.pairs, "left_out": atlas.left_out}
    layers = {"layers": atlas.layers, "complete": atlas.layers == atlas.n_layers}
    return json.dumps(
        {**about, **layers, "relations": [_told(atlas, skill) for skill in atlas.skills]}, allow_nan=False
    )


def _told(atlas: Atlas, skill: Skill) -> dict[str, object]:
    best = atlas.best(skill.relation) is skill
    return {
        "relation": skill.relation,
        "looks": skill.way,
        "layer": skill.layer + 1,
        "head": skill.head + 1,
        "chosen_at": skill.chosen,
        "right": skill.right,
        "pairs": skill.count,
        "share": skill.share,
        "interval": list(skill.interval),
        "offset": skill.offset,
        "offset_share": skill.offset_right / skill.count,
        "sink": skill.sink,
        "sink_share": skill.sink_right / skill.count,
        "better_way": best,
        "does": best and skill.does,
    }
