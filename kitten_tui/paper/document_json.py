"""What a document says and shows, as one JSON object."""

from __future__ import annotations

import json

import numpy as np

from kitten_tui.paper.document import Document, Section
from kitten_tui.paper.tables import Table


def as_json(document: Document) -> str:
    """Everything as one object; −∞ and nan are null; layers and heads count from 1. ASCII."""
    told = {
        "title": document.title,
        "notes": list(document.notes),
        "status": document.status,
        "language": document.language,
        "sections": [_section(section) for section in document.sections],
    }
    return json.dumps(told, allow_nan=False) + "\n"


def _section(section: Section) -> dict[str, object]:
    return {
        "id": section.id,
        "heading": section.heading,
        "texts": list(section.texts),
        "figures": [_figure(table) for table in section.tables],
        "reading": section.reading,
        "arithmetic": list(section.arithmetic),
    }


def _figure(table: Table) -> dict[str, object]:
    return {
        "id": table.id,
        "title": table.title,
        "layer": table.layer + 1,
        "head": table.head + 1,
        "rows": list(table.rows),
        "columns": list(table.columns),
        "values": np.where(np.isfinite(table.values), table.values, None).tolist(),  # type: ignore[call-overload]
    }
