"""``amzest fit``: from a table with categories to a file with a model."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from amzest.cli._designs import DESIGNS, build_model, fit_model
from amzest.cli._options import (
    UsageError,
    add_output,
    add_row_selection,
    add_table,
    add_target,
    fraction,
    positive_float,
    positive_int,
    subparser,
)
from amzest.cli._table_input import InputTable, open_table
from amzest.cli._targets import read_target
from amzest.datasets import check_products
from amzest.distributed._model_columns import Kind, ModelColumns
from amzest.distributed._product_input import Piece
from amzest.distributed._progress import Progress
from amzest.distributed._table_output import check_target
from amzest.utils import count, shown_list

if TYPE_CHECKING:
    import pandas as pd

_TEXTS = ("title", "description")
_EPILOG = """\
Without --text-columns the columns "title" and "description" are used, and without
--image-column the column "image", as far as the table has them.

models:
  auto              chooses, fits and combines classifiers within --time-budget seconds
  linear            linear model of texts: fits in seconds, without PyTorch
  cnn, lstm, transformer
                    networks of texts
  pretrained-text   classifier on a pretrained encoder of texts (--text-encoder)
  image-cnn, image-inception
                    networks of images
  pretrained-image  classifier on a pretrained encoder of images (--image-encoder)
Several models are combined by a vote, whose weights are learned by cross-validation.

example:
  amzest fit products.csv --target category --out model.amz
  amzest fit products.parquet --target category --model linear image-cnn \\
      --target-precision 0.95 --out model.amz
"""


def add_command(commands: Any) -> Any:
    """Add the parser of the command."""
    parser = subparser(commands, "fit", "fit a model on a table", epilog=_EPILOG)
    add_table(parser, "products with categories")
    add_target(parser)
    add_output(parser, "file of the model to write", required=True)
    add = parser.add_argument
    add("--text-columns", nargs="+", metavar="COLUMN", help="columns with texts")
    add("--image-column", metavar="COLUMN", help="column with images")
    add("--no-images", action="store_true", help="do not use the column image")
    add(
        "--model",
        nargs="+",
        choices=["auto", *DESIGNS],
        default=["auto"],
        metavar="NAME",
        help="one or several of the models below (default: auto)",
    )
    add(
        "--set",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="parameters of a single model, with values in JSON: max_epochs=8",
    )
    _add_fit_options(parser)
    return parser


def _add_fit_options(parser: Any) -> None:
    add = parser.add_argument
    add("--text-encoder", metavar="FOLDER", help="pretrained encoder of texts")
    add("--image-encoder", metavar="FOLDER", help="pretrained encoder of images")
    add(
        "--time-budget",
        type=positive_float,
        default=120.0,
        metavar="SECONDS",
        help="time for the model auto (default: %(default)g)",
    )
    add(
        "--target-precision",
        type=fraction,
        metavar="FRACTION",
        help="learn thresholds, below which predictions are marked for review, so that "
        "this fraction of the others is correct (default: no review)",
    )
    add(
        "--max-rows",
        type=positive_int,
        metavar="N",
        help="fit on a random sample of this many rows (default: on all)",
    )
    add(
        "--min-per-category",
        type=positive_int,
        metavar="N",
        help="drop categories with fewer products (default: fewer than 2 are an error)",
    )
    add_row_selection(parser)
    add("--jobs", type=int, metavar="N", help="processes that fit, -1 for all cores")


def run(options: Any) -> None:
    """Fit a model and save it."""
    from amzest.persistence import save

    parameters = dict(map(_parameter, options.set))
    with open_table(options) as table:
        check_target(options.out, overwrite=options.overwrite, not_this=table.path)
        columns = _find_columns(options, table)
        model = build_model(options, columns, parameters)
        X, y, progress = _read(options, table, columns)
        start = time.monotonic()
        model = fit_model(model, X, y, options)
        seconds = time.monotonic() - start
    # A link stays one: the file that it leads to is replaced.
    save(model, os.path.realpath(options.out), data=X)
    progress.report(
        f"Fitted {' and '.join(options.model)} on {count(len(y), 'product')} in "
        f"{count(y.nunique(), 'category')}, columns {shown_list(columns.names)}, in "
        f"{seconds:.1f} s: {options.out}"
    )


def _find_columns(options: Any, table: InputTable) -> ModelColumns:
    """Return the columns of texts and images, as passed or by their usual names."""
    available = table.pieces.columns
    texts = options.text_columns
    if texts is None:
        texts = [name for name in _TEXTS if name in available]
    image = options.image_column
    if image is None and not options.no_images and "image" in available:
        image = "image"
    names = [*texts, *([] if image is None else [image])]
    table.pieces.check_columns([options.target], "--target")
    table.pieces.check_columns(texts, "--text-columns")
    table.pieces.check_columns([] if image is None else [image], "--image-column")
    if len({*names, options.target}) < len(names) + 1:
        raise UsageError("--target, --text-columns and --image-column share a column")
    if not names:
        msg = (
            f"{table.name}: has none of the columns {', '.join(_TEXTS)} and image. "
            f"Pass --text-columns or --image-column. Available: "
            f"{shown_list(available)}."
        )
        raise ValueError(msg)
    kinds: dict[str, Kind] = dict.fromkeys(texts, "text")
    if image is not None:
        kinds[image] = "image"
    return ModelColumns(kinds)


def _read(
    options: Any, table: InputTable, columns: ModelColumns
) -> tuple[pd.DataFrame, pd.Series, Progress]:
    """Return the products and their categories, in memory."""
    needed = [*columns.names, options.target]
    with Progress("read", table.pieces.n_rows, quiet=options.quiet) as progress:
        frame, _ = table.sample(needed, options, progress)
    frame = read_target(frame, options, progress)
    if options.min_per_category is not None:
        frame = _drop_rare(frame, options, progress)
    piece = Piece.of_rows(frame)
    frame = piece.frame
    with table.row_numbers(piece):
        check_products(frame, category_column=options.target, id_column=None)
    X = table.convert(piece, columns)
    return X, frame[options.target], progress


def _drop_rare(frame: pd.DataFrame, options: Any, progress: Progress) -> pd.DataFrame:
    sizes = frame[options.target].value_counts()
    rare = sizes[sizes < options.min_per_category]
    if len(rare):
        progress.report(
            f"Dropped {count(len(rare), 'category')} with fewer than "
            f"{count(options.min_per_category, 'product')}, together "
            f"{count(int(rare.sum()), 'product')}."
        )
    return frame[~frame[options.target].isin(rare.index)]


def _parameter(text: str) -> tuple[str, Any]:
    """Return name and value of ``NAME=VALUE``; the value is JSON, or else a text."""
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise UsageError(f"--set {text!r}: expected NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
