"""Real models on disk, in NumPy."""
