"""The lesson, and what opens over it."""
