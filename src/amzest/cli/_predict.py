"""``amzest predict``: from a table to a table, in pieces."""

from __future__ import annotations

import os
from typing import Any

from amzest.cli._options import (
    UsageError,
    add_model,
    add_output,
    add_table,
    positive_int,
    subparser,
)
from amzest.cli._table_input import open_file
from amzest.distributed._argument_names import OPTIONS
from amzest.distributed._prediction_run import Request
from amzest.distributed._prediction_run import run as predict

_EPILOG = """\
The predictions are new columns behind those of the table:
  predicted_category     the most probable category
  predicted_confidence   its probability
  predicted_review       with a model that has a review threshold: whether the
                         confidence is below it
  predicted_missing      whether the product has no text and no image
  predicted_category_2, predicted_confidence_2 and so on, with --top-k

TABLE can also be a folder of tables, or a pattern in quotes: "shop/*.parquet". If the
path of --out has no suffix, it is a folder with Parquet files, which several processes
predict (--jobs), and which is completed by --resume after an interruption.

example:
  amzest predict model.amz products.parquet --out predictions.parquet --keep id
  amzest predict model.amz products.parquet --out predictions --jobs 8 --resume
  zcat products.csv.gz | amzest predict model.amz - --keep id > predictions.csv
"""


def add_command(commands: Any) -> Any:
    """Add the parser of the command."""
    parser = subparser(
        commands, "predict", "predict the categories of a table", epilog=_EPILOG
    )
    add_model(parser)
    add_table(parser, "products to predict")
    add_output(parser, "table or folder to write, in the format of its suffix")
    add = parser.add_argument
    add(
        "--keep",
        nargs="*",
        metavar="COLUMN",
        help="columns of the table that are written too (default: all; without names: "
        "none)",
    )
    add(
        "--top-k",
        type=positive_int,
        default=1,
        metavar="K",
        help="number of most probable categories (default: %(default)s)",
    )
    group = parser.add_argument_group("writing a folder")
    add = group.add_argument
    add(
        "--jobs", type=int, metavar="N", help="processes, -1 for all cores (default: 1)"
    )
    add(
        "--resume",
        action="store_true",
        help="predict the parts that the folder lacks, if it was begun with the same "
        "model, table and options",
    )
    add(
        "--rows-per-part",
        type=positive_int,
        default=100_000,
        metavar="N",
        help="rows of a file of the folder (default: %(default)s)",
    )
    return parser


def run(options: Any) -> None:
    """Predict the products of a table."""
    if options.keep is not None and len(set(options.keep)) < len(options.keep):
        raise UsageError("--keep has a column twice")
    root = options.image_root
    if options.table == "-" and root is None:
        root = os.getcwd()
    with open_file(options) as table:
        request = Request(
            model=options.model,
            source=table,
            out=None if options.out == "-" else options.out,
            columns=options.columns,
            keep=options.keep,
            top_k=options.top_k,
            chunk_size=options.chunk_size,
            rows_per_part=options.rows_per_part,
            n_jobs=options.jobs,
            resume=options.resume,
            overwrite=options.overwrite,
            trusted=options.trust,
            encoding=options.encoding,
            separator=options.separator,
            image_root=root,
            on_missing_image=options.on_missing_image,
            quiet=options.quiet,
            names=OPTIONS,
        )
        _predict(request)


def _predict(request: Request) -> None:
    try:
        predict(request)
    except KeyboardInterrupt:
        if request.to_folder and os.path.isdir(str(request.out)):
            msg = f"The finished parts are in {request.out}; --resume goes on."
            raise KeyboardInterrupt(msg) from None
        raise
