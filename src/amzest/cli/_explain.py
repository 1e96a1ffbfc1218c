"""``amzest explain``: why products got their categories."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from amzest.cli._model_files import load_predictor
from amzest.cli._options import (
    add_model,
    add_output,
    add_table,
    row_number,
    subparser,
)
from amzest.cli._table_input import InputTable, open_table
from amzest.distributed._product_input import Piece
from amzest.distributed._table_output import (
    check_format,
    check_target,
    open_output,
    replaced,
)
from amzest.utils import shown_list

if TYPE_CHECKING:
    import pandas as pd

_EPILOG = """\
The explanation is a table with the words of each product and what they contribute to
its category, or with --of its columns, or the members of an ensemble; or a page with
all of them, if FILE ends in .html.

example:
  amzest explain model.amz products.csv --rows 0 17 --out why.html
"""


def add_command(commands: Any) -> Any:
    """Add the parser of the command."""
    parser = subparser(
        commands, "explain", "explain the predictions of some rows", epilog=_EPILOG
    )
    add_model(parser)
    add_table(parser, "products")
    add_output(parser, "table or HTML page to write")
    parser.add_argument(
        "--rows",
        nargs="+",
        type=row_number,
        default=[0],
        metavar="ROW",
        help="rows of the table, counted from 0 (default: 0)",
    )
    parser.add_argument(
        "--of",
        choices=["words", "columns", "members"],
        default="words",
        help="parts whose contributions the table has (default: %(default)s)",
    )
    return parser


def run(options: Any) -> None:
    """Explain the predictions of some rows."""
    from amzest.inspection import explain

    out = options.out
    as_page = out is not None and out.lower().endswith((".html", ".htm"))
    if not as_page:
        check_format(out)
    with open_table(options) as table:
        check_target(out, overwrite=options.overwrite, not_this=table.path)
        predictor = load_predictor(options)
        table.pieces.check_columns(
            predictor.columns.names, "a column of the model; see --columns"
        )
        rows = sorted(set(options.rows))
        piece = Piece(_select(table, predictor.columns.names, rows), rows)
        X = predictor.samples(table.convert(piece, predictor.columns))
        explanation = explain(predictor.model, X)
    if as_page:
        title = escape(f"Predictions of {options.model}")
        page = (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            f"<title>{title}</title></head><body><h1>{title}</h1>"
            f"<p>Rows {', '.join(map(str, rows))} of {escape(table.name)}.</p>"
            f"{explanation._repr_html_()}</body></html>\n"
        )
        with replaced(out) as path:
            path.write_bytes(page.encode("utf-8", "replace"))
        return
    frame = {
        "words": explanation.frame,
        "columns": explanation.columns_frame,
        "members": explanation.members_frame,
    }[options.of]()
    frame["row"] = [rows[row] for row in frame["row"]]
    with open_output(out, None) as write:
        write(frame)


def _select(table: InputTable, columns: list[str], rows: list[int]) -> pd.DataFrame:
    """Return some rows; reading ends with the last one."""
    import pandas as pd

    found = []
    n_rows = 0
    for piece in table.read(columns):
        stop = piece.start + len(piece.frame)
        inside = [row - piece.start for row in rows if piece.start <= row < stop]
        found.append(piece.frame.iloc[inside])
        n_rows = stop
        if rows[-1] < stop:
            break
    beyond = [row for row in rows if row >= n_rows]
    if beyond:
        msg = (
            f"{table.name}: has {n_rows:,} rows, counted from 0, but --rows has "
            f"{shown_list(beyond, 5)}."
        )
        raise ValueError(msg)
    return pd.concat(found, ignore_index=True)
