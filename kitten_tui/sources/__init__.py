"""Where attention comes from. A source answers `kitten_tui.core.source.Source`."""
