"""What is looked at and how it came about: one source, settings, selection, trail and history, without a screen."""
