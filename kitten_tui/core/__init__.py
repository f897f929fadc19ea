"""The mathematics of self-attention in NumPy: no file, no screen, no language."""
