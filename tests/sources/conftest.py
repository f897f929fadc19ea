from __future__ import annotations

from hypothesis import settings

# The same examples on every run and on every machine, however slow.
settings.register_profile("laws", derandomize=True, deadline=None, max_examples=40)
settings.load_profile("laws")
