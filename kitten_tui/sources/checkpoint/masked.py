"""Who may look at whom in a model: windows of its layers, and what was changed of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kitten_tui.core import masks
from kitten_tui.core.altering import MaskCell
from kitten_tui.core.array_types import Mask

if TYPE_CHECKING:
    from kitten_tui.sources.checkpoint.reading import Reading


def has_own_mask(reading: Reading) -> bool:
    """Whether layers have masks that no name says."""
    return any(reading.model.config.windows) or any(isinstance(each, MaskCell) for each in reading.altered)


def mask_of(reading: Reading, layer: int) -> Mask:
    """-> [query, key]"""
    config = reading.model.config
    seen = masks.backward if config.causal else masks.around
    mask = seen(len(reading.ids), config.windows[layer])  # [query, key]
    cells = [each for each in reading.altered if isinstance(each, MaskCell) and each.layer == layer]
    if not cells:
        return mask
    changed = mask.copy()  # [query, key]
    for cell in cells:
        changed[cell.query, cell.key] = not changed[cell.query, cell.key]
    return changed


def changed_mask(reading: Reading, layer: int) -> Mask | None:
    """The same of a layer whose mask was changed; None of others.  -> [query, key]"""
    changed = any(isinstance(each, MaskCell) and each.layer == layer for each in reading.altered)
    return mask_of(reading, layer) if changed else None
