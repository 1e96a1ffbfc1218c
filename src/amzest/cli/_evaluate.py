"""``amzest evaluate``: scores of a model on a table, and an HTML report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from amzest.cli._evaluation import Evaluation
from amzest.cli._evaluation_report import write_report
from amzest.cli._model_files import load_predictor
from amzest.cli._options import (
    add_model,
    add_output,
    add_row_selection,
    add_table,
    add_target,
    fraction,
    positive_int,
    subparser,
)
from amzest.cli._scores import compute_scores
from amzest.cli._table_input import InputTable, open_table
from amzest.cli._targets import read_target
from amzest.distributed._product_input import Piece
from amzest.distributed._product_predictions import ProductPredictions, ProductPredictor
from amzest.distributed._progress import Progress
from amzest.distributed._table_output import check_target, replaced
from amzest.utils import count, shown_list

if TYPE_CHECKING:
    import pandas as pd

_EPILOG = """\
The scores are printed. The report is one HTML file with the scores, the confusion
matrix, the scores of each category, the calibration, the review curve, and the most
confident errors. It needs the extra "plot".

example:
  amzest evaluate model.amz test.csv --target category --out report.html
"""


def add_command(commands: Any) -> Any:
    """Add the parser of the command."""
    parser = subparser(
        commands,
        "evaluate",
        "compare predictions with known categories",
        epilog=_EPILOG,
    )
    add_model(parser)
    add_table(parser, "products with categories, which the model was not fitted on")
    add_target(parser)
    add_output(parser, "HTML report to write")
    add = parser.add_argument
    add("--json", action="store_true", help="print the scores as JSON")
    add(
        "--max-rows",
        type=positive_int,
        default=100_000,
        metavar="N",
        help="size of the random sample of a table with more rows (default: "
        "%(default)s)",
    )
    add(
        "--target-precision",
        type=fraction,
        default=0.95,
        metavar="FRACTION",
        help="precision that is marked on the review curve (default: %(default)s)",
    )
    add_row_selection(parser)
    return parser


def run(options: Any) -> None:
    """Evaluate a model, print scores and write a report."""
    with open_table(options) as table:
        check_target(options.out, overwrite=options.overwrite, not_this=table.path)
        predictor = load_predictor(options)
        evaluation, progress = _evaluate(options, table, predictor)
    scores = compute_scores(evaluation, options.target_precision)
    if options.json:
        print(json.dumps(scores.as_json(), indent=1))
    else:
        print(scores.as_text())
    if options.out is not None:
        with replaced(options.out) as path:
            write_report(path, evaluation, scores, options.target_precision)
        progress.report(f"Report: {options.out}")


def _evaluate(
    options: Any, table: InputTable, predictor: ProductPredictor
) -> tuple[Evaluation, Progress]:
    """Return the categories and the predictions of the rows of a table."""
    columns = predictor.columns
    table.pieces.check_columns(columns.names, "a column of the model; see --columns")
    table.pieces.check_columns([options.target], "--target")
    needed = [*columns.names, options.target]
    if "title" in table.pieces.columns:
        needed.append("title")
    with Progress("read", table.pieces.n_rows, quiet=options.quiet) as progress:
        frame, n_rows = table.sample(needed, options, progress)
    frame = read_target(frame, options, progress)
    if frame.empty:
        msg = f"{table.name}: no row has a category in {options.target!r}."
        raise ValueError(msg)
    y_true = _as_classes(frame[options.target], predictor)
    known = set(predictor.classes.tolist())
    unknown = [label for label in dict.fromkeys(y_true) if label not in known]
    if unknown:
        n_rows_unknown = sum(label not in known for label in y_true)
        progress.report(
            f"The model does not know {count(len(unknown), 'category')} of "
            f"{count(n_rows_unknown, 'row')}, which are counted as errors: "
            f"{shown_list(unknown, 5)}."
        )
    predictions = _predict(options, table, predictor, frame)
    texts = columns.of_kind("text")
    title = "title" if "title" in frame else (texts[0] if texts else None)
    return (
        Evaluation(
            model=str(options.model),
            table=table.name,
            n_rows=n_rows,
            rows=frame.index.to_numpy(),
            y_true=y_true,
            predictions=predictions,
            classes=predictor.classes,
            titles=None if title is None else frame[title].tolist(),
        ),
        progress,
    )


def _predict(
    options: Any, table: InputTable, predictor: ProductPredictor, frame: pd.DataFrame
) -> ProductPredictions:
    """Return the predictions of all rows, computed in pieces."""
    parts: list[ProductPredictions] = []
    with Progress("predict", len(frame), quiet=options.quiet) as progress:
        for start in range(0, len(frame), options.chunk_size):
            piece = Piece.of_rows(frame.iloc[start : start + options.chunk_size])
            products = table.convert(piece, predictor.columns)
            with table.row_numbers(piece):
                parts.append(predictor.predict(products))
            progress.update(len(piece.frame))
    reviews = [part.review for part in parts if part.review is not None]
    return ProductPredictions(
        np.concatenate([part.categories for part in parts]),
        np.concatenate([part.proba for part in parts]),
        np.concatenate([part.missing for part in parts]),
        np.concatenate(reviews) if reviews else None,
    )


def _as_classes(labels: pd.Series, predictor: ProductPredictor) -> list[Any]:
    """Return labels of a table as labels of the model: a CSV file has texts only."""
    classes = {str(label): label for label in predictor.classes.tolist()}
    plain = labels.tolist()
    return [classes.get(str(label), label) for label in plain]
