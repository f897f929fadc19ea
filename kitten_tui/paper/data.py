"""The numbers of a document with all their digits: CSV, JSON, NPZ."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.paper.document import Document, Section
from kitten_tui.paper.tables import Table


def as_csv(document: Document) -> str:
    """One table as it stands; of several a line for each number, with where it is."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    tables = list(_tables(document))
    if len(tables) == 1:
        ((_, table),) = tables
        lines.writerow(["", *table.columns])
        lines.writerows(
            [label, *map(repr, values)] for label, values in zip(table.rows, table.values.tolist(), strict=True)
        )
    else:
        lines.writerow(["section", "figure", "layer", "head", "row", "column", "value"])
        for section, table in tables:
            place = section.id, table.id, table.layer + 1, table.head + 1
            for label, values in zip(table.rows, table.values.tolist(), strict=True):
                for column, value in zip(table.columns, values, strict=True):
                    lines.writerow([*place, label, column, repr(value)])
    return written.getvalue()


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


def as_npz(document: Document) -> bytes:
    """Each table under the id of its figure, after that of its section where there are several; beside it its labels
    as NAME.rows and NAME.columns.
    """
    many = len(document.sections) > 1
    arrays: dict[str, Array] = {}
    for section, table in _tables(document):
        name = f"{section.id}.{table.id}" if many else table.id
        arrays[name] = table.values
        arrays[f"{name}.rows"], arrays[f"{name}.columns"] = np.array(table.rows), np.array(table.columns)
    written = io.BytesIO()
    np.savez(written, **arrays)  # type: ignore[arg-type]  # no name of a table is that of an option
    return written.getvalue()


def _tables(document: Document) -> Iterator[tuple[Section, Table]]:
    return ((section, table) for section in document.sections for table in section.tables)
