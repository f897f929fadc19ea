"""Compares what each family has by default with transformers' classes of configurations.

python tests/checkpoints/check_defaults.py  # needs transformers; status 1 where one differs
"""

from __future__ import annotations

import sys

from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from kitten_tui.sources.checkpoint.families import FAMILIES, KEYS

NONE_OF_THEIRS = {"head_dim"}
"""What follows from the width where a class has none."""


def main() -> int:
    wrong = 0
    for name, family in FAMILIES.items():
        theirs = CONFIG_MAPPING[name]
        # As written in the class: what an instance makes of it depends on other keys.
        fields = {key: getattr(theirs, key, None) for key in dir(theirs)} | theirs().to_dict()
        fields["sliding_window"] = getattr(theirs, "sliding_window", None)
        rope = fields.get("rope_parameters") or {}
        share = rope.get("partial_rotary_factor", 1.0)
        fields |= {"partial_rotary_factor": share, "rotary_pct": share}
        base = getattr(theirs, "default_theta", None)
        both = base if isinstance(base, dict) else {"global": base}
        fields |= {"rope_theta": both["global"], "global_rope_theta": both["global"]}
        fields |= dict.fromkeys(("rope_local_base_freq", "local_rope_theta"), both.get("local"))
        fields.setdefault("num_experts", fields.get("num_local_experts"))
        asked = set(family.defaults) | {"d_model", "n_layers", "n_heads", "n_positions", "n_vocab", "eps", "activation"}
        for key in sorted(asked):
            theirs_key = family.keys.get(key, KEYS.get(key, key))
            if not theirs_key:
                continue
            ours = family.defaults.get(key)
            if ours != fields.get(theirs_key):
                print(f"{name}: {key}: expected {fields.get(theirs_key)!r} ({theirs_key}), found {ours!r}")
                wrong += 1
        said = {"n_kv_heads": "num_key_value_heads", "d_hidden": "intermediate_size"}
        for key, theirs_key in said.items():
            written = getattr(theirs, theirs_key, None)
            if written is not None and family.defaults.get(key) != written:
                print(f"{name}: {key}: expected {written!r} ({theirs_key}), found {family.defaults.get(key)!r}")
                wrong += 1
    print(f"{len(FAMILIES)} families, {wrong} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
