"""The numbers of a document with all their digits, as lines of comma-separated values."""

from __future__ import annotations

import csv
import io

from kitten_tui.paper.document import Document


def as_csv(document: Document) -> str:
    """One table as it stands; of several a line for each number, with where it is."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    tables = list(document.tables)
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
