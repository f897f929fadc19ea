"""Thin Textual shells around ink: they pass size, style and what is shown, and post what was pointed at."""
