"""``amzest predict``: from a table to a table, in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from amzest.cli._bounded_cache import bounded_cache
from amzest.cli._model_files import load_predictor
from amzest.cli._options import (
    UsageError,
    add_model,
    add_output,
    add_table,
    positive_int,
    subparser,
)
from amzest.cli._progress import Progress
from amzest.cli._table_input import InputTable, open_table
from amzest.cli._table_output import check_format, check_target, open_output
from amzest.serving._product_predictions import ProductPredictions, ProductPredictor
from amzest.utils import shown_list

if TYPE_CHECKING:
    import pandas as pd

_EPILOG = """\
The predictions are new columns behind those of the table:
  predicted_category     the most probable category
  predicted_confidence   its probability
  predicted_review       with a model that has a review threshold: whether the
                         confidence is below it
  predicted_missing      whether the product has no text and no image
  predicted_category_2, predicted_confidence_2 and so on, with --top-k

example:
  amzest predict model.amz products.parquet --out predictions.parquet --keep id
  zcat products.csv.gz | amzest predict model.amz - --keep id > predictions.csv
"""


def add_command(commands: Any) -> Any:
    """Add the parser of the command."""
    parser = subparser(
        commands, "predict", "predict the categories of a table", epilog=_EPILOG
    )
    add_model(parser)
    add_table(parser, "products to predict")
    add_output(parser, "table to write, in the format of its suffix")
    parser.add_argument(
        "--keep",
        nargs="*",
        metavar="COLUMN",
        help="columns of the table that are written too (default: all; without names: "
        "none)",
    )
    parser.add_argument(
        "--top-k",
        type=positive_int,
        default=1,
        metavar="K",
        help="number of most probable categories (default: %(default)s)",
    )
    return parser


def run(options: Any) -> None:
    """Predict the products of a table."""
    if options.out == "-":
        options.out = None
    check_format(options.out)
    with open_table(options) as table:
        check_target(options.out, overwrite=options.overwrite, not_this=table.path)
        predictor = load_predictor(options)
        table.pieces.check_columns(
            predictor.columns.names,
            "a column of the model; see --columns"
            if options.columns is None
            else "--columns",
        )
        kept = _kept_columns(options, table)
        with (
            open_output(options.out, table.pieces.schema) as write,
            Progress("predict", table.pieces.n_rows, quiet=options.quiet) as progress,
            bounded_cache() as after_piece,
        ):
            for frame in _predicted(table, predictor, kept, options.top_k):
                write(frame)
                progress.update(len(frame))
                after_piece()
        where = "the standard output" if options.out is None else options.out
        progress.report(f"Predicted {progress.summary()}: {where}")


def _kept_columns(options: Any, table: InputTable) -> list[str]:
    names = table.pieces.columns
    if options.keep is None:
        return names
    if len(set(options.keep)) < len(options.keep):
        raise UsageError("--keep has a column twice")
    table.pieces.check_columns(options.keep, "--keep")
    return list(options.keep)


def _predicted(
    table: InputTable, predictor: ProductPredictor, kept: list[str], top_k: int
) -> Any:
    """Yield pieces of the table with the predictions as columns."""
    needed = list(dict.fromkeys([*kept, *predictor.columns.names]))
    # All columns are read as they are, so that none is lost.
    wanted = None if set(needed) == set(table.pieces.columns) else needed
    for piece in table.read(wanted):
        products = table.convert(piece, predictor.columns)
        with table.row_numbers(piece):
            predictions = predictor.predict(products)
        frame = piece.frame[kept].copy()
        new = prediction_columns(predictions, predictor, top_k)
        conflicts = [name for name in new if name in kept]
        if conflicts:
            msg = (
                f"{table.name}: has the columns {shown_list(conflicts)} already. Leave "
                "them out with --keep."
            )
            raise ValueError(msg)
        for name, cells in new.items():
            frame[name] = cells
        yield frame


def prediction_columns(
    predictions: ProductPredictions, predictor: ProductPredictor, top_k: int
) -> dict[str, Any]:
    """Return the predictions as columns by their names."""
    columns: dict[str, Any] = {
        "predicted_category": _as_column(predictions.categories),
        "predicted_confidence": predictions.confidence,
    }
    if predictions.review is not None:
        columns["predicted_review"] = predictions.review
    columns["predicted_missing"] = predictions.missing
    if top_k > 1:
        best = predictions.top(top_k)
        proba = np.take_along_axis(predictions.proba, best, axis=1)
        for place in range(1, best.shape[1]):
            labels = predictor.classes[best[:, place]]
            columns[f"predicted_category_{place + 1}"] = _as_column(labels)
            columns[f"predicted_confidence_{place + 1}"] = proba[:, place]
    return columns


def _as_column(labels: Any) -> pd.Series:
    import pandas as pd

    # Of Python objects, for a NumPy array of texts has their longest length.
    return pd.Series(np.asarray(labels).tolist())
