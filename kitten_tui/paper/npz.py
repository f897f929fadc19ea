"""The tables of a document as NumPy's arrays."""

from __future__ import annotations

import io

import numpy as np

from kitten_tui.core.array_types import Array
from kitten_tui.paper.document import Document


def as_npz(document: Document) -> bytes:
    """Each table under the id of its figure, after that of its section where there are several; beside it its labels
    as NAME.rows and NAME.columns.
    """
    many = len(document.sections) > 1
    arrays: dict[str, Array] = {}
    for section, table in document.tables:
        name = f"{section.id}.{table.id}" if many else table.id
        arrays[name] = table.values
        arrays[f"{name}.rows"], arrays[f"{name}.columns"] = np.array(table.rows), np.array(table.columns)
    written = io.BytesIO()
    np.savez(written, **arrays)  # type: ignore[arg-type]  # no name of a table is that of an option
    return written.getvalue()
