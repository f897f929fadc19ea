"""A document as a picture of dots, drawn from its SVG with the fonts of the machine; with the extra png."""

from __future__ import annotations

from kitten_tui.paper.document import Document
from kitten_tui.paper.svg import picture
from kitten_tui.sources.errors import SourceError

ZOOM = 2
"""Dots for each unit of the SVG, so that letters stay sharp on paper."""


def png(document: Document) -> bytes:
    """The picture.

    Raises:
        SourceError: the extra is not installed.
    """
    try:
        import resvg_py  # 20 ms
    except ImportError:
        raise SourceError("png: expected the extra png (pip install 'kitten-tui[png]'), found it missing") from None
    return bytes(resvg_py.svg_to_bytes(svg_string=picture(document), zoom=ZOOM))
