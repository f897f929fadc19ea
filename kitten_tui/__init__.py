"""kitten-tui: self-attention taken apart, number by number, in a terminal."""

__version__ = "0.1.0"
