"""Figures as styled text: pure functions without a screen. Lines are lists of rich Segments."""
