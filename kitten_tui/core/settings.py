"""What may be switched without touching a number."""

from __future__ import annotations

from dataclasses import dataclass

MASKS = ("none", "causal", "own")
"""Nothing covered; the future covered; the cells that the source itself covers."""

VARIANTS = (
    *("softmax_axis", "no_division", "sqrt_d_model", "mask_after", "mask_transposed", "qk_swapped", "heads_reshape"),
    *("no_w_o", "no_positions", "dropout_on", "same_qk", "no_v"),
)
"""What people get wrong, and at the end what they ask: see `kitten_tui.core.variants`."""

MIN_DIVISOR, MAX_DIVISOR = 0.01, 1e6


@dataclass(frozen=True)
class Settings:
    """What a person may switch without touching a number of the lesson."""

    scale: bool = True
    """Whether scores are divided before the softmax."""
    divisor: float | None = None
    """What they are divided by then; None is √d_k. Another number is a temperature inside attention."""
    mask: str = "none"
    """One of MASKS."""
    dropout: float = 0.0
    """The rate p at which weights are dropped, 0 ≤ p < 1."""
    seed: int = 123
    """Decides which weights dropout keeps."""
    variant: str = ""
    """One of VARIANTS that the layer is computed by; empty for the chain as it should be."""

    def __post_init__(self) -> None:
        if self.mask not in MASKS:
            raise ValueError(f"mask: expected one of {', '.join(MASKS)}, found {self.mask!r}")
        if self.divisor is not None and not MIN_DIVISOR <= self.divisor <= MAX_DIVISOR:
            raise ValueError(f"divisor: expected a number from {MIN_DIVISOR} to {MAX_DIVISOR:g}, found {self.divisor}")
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"dropout: expected a rate from 0 to below 1, found {self.dropout}")
        if not 0 <= self.seed < 2**32:
            # Python refuses to write out a number of thousands of digits.
            found = self.seed if abs(self.seed) < 2**64 else "a larger one"
            raise ValueError(f"seed: expected a whole number from 0 to 2³² − 1, found {found}")
        if self.variant and self.variant not in VARIANTS:
            raise ValueError(f"variant: expected one of {', '.join(VARIANTS)}, found {self.variant!r}")
