"""Options that several commands have, and types of values."""

from __future__ import annotations

import argparse
from typing import Any


class UsageError(Exception):
    """Arguments that do not fit together."""


def add_table(parser: argparse.ArgumentParser, purpose: str) -> None:
    """Add the table and how it is read."""
    add = parser.add_argument
    add("table", metavar="TABLE", help=f"{purpose}; - is the standard input")
    group = parser.add_argument_group("reading the table")
    add = group.add_argument
    add(
        "--stdin-format",
        choices=["csv", "tsv", "jsonl"],
        default="csv",
        help="format of the standard input (default: %(default)s)",
    )
    add(
        "--encoding",
        default="utf-8",
        metavar="NAME",
        help="of CSV and JSON files (default: %(default)s)",
    )
    add(
        "--separator",
        metavar="TEXT",
        help="of the cells of a CSV file (default: it is detected)",
    )
    add(
        "--image-root",
        metavar="FOLDER",
        help="folder that image paths are relative to (default: that of the table)",
    )
    add(
        "--on-missing-image",
        choices=["raise", "missing"],
        default="raise",
        help="images that do not exist or cannot be decoded (default: %(default)s)",
    )
    add(
        "--chunk-size",
        type=positive_int,
        default=20_000,
        metavar="N",
        help="rows that are read and predicted at a time (default: %(default)s)",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the file of a model, and the columns that it reads."""
    add = parser.add_argument
    add("model", metavar="MODEL", help="file written by amzest fit or amzest.save")
    add(
        "--columns",
        nargs="+",
        metavar="NAME",
        help="columns of the table that the model reads, in the order in which it was "
        "fitted (default: those with its names)",
    )
    add(
        "--trust",
        nargs="+",
        default=[],
        metavar="TYPE",
        help="types of other packages that the file may contain",
    )


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the column with the categories."""
    add = parser.add_argument
    add(
        "--target",
        required=True,
        metavar="COLUMN",
        help="column with the category",
    )
    add(
        "--skip-unlabelled",
        action="store_true",
        help="leave out products without a category (default: they are an error)",
    )


def add_row_selection(parser: argparse.ArgumentParser) -> None:
    """Add which rows of the table are used."""
    add = parser.add_argument
    add(
        "--only",
        metavar="COLUMN=TEXT",
        help="use only rows with this text in a column: split=train (default: all)",
    )
    add("--random-state", type=int, default=0, metavar="N", help="seed (default: 0)")


def add_output(
    parser: argparse.ArgumentParser, what: str, *, required: bool = False
) -> None:
    """Add the file that is written."""
    add = parser.add_argument
    default = "" if required else " (default: the standard output)"
    add("--out", required=required, metavar="FILE", help=f"{what}{default}")
    add("--overwrite", action="store_true", help="replace FILE if it exists")
    add("--quiet", action="store_true", help="show no progress and no summary")


def positive_int(text: str) -> int:
    """Return an integer above zero."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer above 0")
    return value


def positive_float(text: str) -> float:
    """Return a finite number above zero."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def fraction(text: str) -> float:
    """Return a number between 0 and 1."""
    value = positive_float(text)
    if value >= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1")
    return value


def row_number(text: str) -> int:
    """Return an integer, 0 or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a row, counted from 0")
    return int(text)


def subparser(commands: Any, name: str, purpose: str, **more: Any) -> Any:
    """Return the parser of a command."""
    return commands.add_parser(
        name,
        help=purpose,
        description=f"{purpose[0].upper()}{purpose[1:]}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **more,
    )
