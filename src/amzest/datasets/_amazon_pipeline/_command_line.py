"""Prepare product data from a shell."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amzest.datasets._amazon_pipeline._prepare_products import prepare_products

_EPILOG = """\
A call that was stopped goes on where it was when it is made again. At the end a summary
says what came of the lines.

exit codes:
  0    the table is written, and photos came or the summary says why not
  1    the data is wrong, or a file cannot be read or written; the message says why
  2    the call is wrong
  130  stopped by the keyboard

example:
  python -m amzest.datasets prepare meta_*.json.gz --out products.parquet \\
      --categories published --n-per-category 1000 --images photos/
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, default=None
        What stands after the program's name; None means what it was called with.

    Returns
    -------
    int
        Exit code, see ``--help``.
    """
    options = vars(_parser().parse_args(arguments))
    del options["command"]
    try:
        report = prepare_products(**_as_arguments(options))
    except KeyboardInterrupt:
        print("\nStopped. Make the same call again to go on.", file=sys.stderr)
        return 130
    except (ImportError, OSError, TypeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(report)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m amzest.datasets", description="Prepare product data."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser(
        "prepare",
        help="make a clean, balanced and split table of Amazon's published metadata",
        description="Make a clean, balanced and split Parquet table, and if wanted a\n"
        "folder of photos, of the metadata that SNAP and the McAuley lab publish.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = prepare.add_argument
    add(
        "path_or_paths",
        nargs="+",
        metavar="RAW",
        help="file of lines, also packed",
    )
    add("--out", required=True, metavar="FILE", help="Parquet file to write")
    add("--images", metavar="FOLDER", help="download photos into it (default: do not)")
    add(
        "--categories",
        metavar="NAMES",
        help='"published" for the published experiment\'s ten, or a JSON file '
        '{"published name": "new name"} (default: all as they are)',
    )
    add(
        "--several-categories",
        choices=["drop", "keep"],
        default="drop",
        help="products under several top categories (default: %(default)s)",
    )
    add(
        "--min-per-category",
        type=int,
        default=10,
        metavar="N",
        help="drop categories with fewer products (default: %(default)s)",
    )
    add(
        "--n-per-category",
        type=_count_or_smallest,
        metavar="N",
        help='draw so many of each, or "smallest" (default: keep all)',
    )
    add(
        "--test-size",
        type=_share_or_count,
        default=0.25,
        metavar="SHARE",
        help="share or number of test products, 0 for no split (default: %(default)s)",
    )
    add(
        "--similarity",
        type=float,
        default=0.8,
        metavar="SHARE",
        help="titles as similar as this stay on one side (default: %(default)s)",
    )
    add(
        "--description-similarity",
        type=float,
        default=0.8,
        metavar="SHARE",
        help="the same of descriptions, 0 to compare none (default: %(default)s)",
    )
    add("--random-state", type=int, default=0, metavar="N", help="seed (default: 0)")
    add(
        "--on-error",
        choices=["raise", "skip"],
        default="raise",
        help="lines that hold no product (default: %(default)s)",
    )
    add("--jobs", type=int, metavar="N", help="files read at once, -1 for all cores")
    add("--connections", type=int, metavar="N", help="photos at once (default: 16)")
    add(
        "--allow-private",
        action="store_true",
        help="also download photos from addresses of this or a private network",
    )
    add(
        "--retry-failed",
        action="store_true",
        help="try photos again that an earlier call found to be gone or broken",
    )
    add(
        "--overwrite",
        action="store_true",
        help="replace FILE also if it is no table of an earlier call",
    )
    add("--quiet", action="store_true", help="show no progress bars")
    return parser


def _as_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """Turn options of the command into arguments of the function."""
    download = {
        "allow_private": options.pop("allow_private"),
        "retry_failed": options.pop("retry_failed"),
    }
    connections = options.pop("connections")
    if connections is not None:
        download["n_connections"] = connections
    categories = options.pop("categories")
    if categories not in (None, "published"):
        categories = _read_mapping(Path(categories))
    quiet, jobs = options.pop("quiet"), options.pop("jobs")
    return {
        **options,
        "categories": categories,
        "test_size": options["test_size"] or None,
        "description_similarity": options["description_similarity"] or None,
        "n_jobs": jobs,
        "progress": False if quiet else None,
        "download_options": download,
    }


def _read_mapping(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        msg = (
            f"--categories {str(path)!r} is no JSON file ({error}). Write an object: "
            '{"published name": "new name"}.'
        )
        raise ValueError(msg) from error


def _share_or_count(text: str) -> float | int:
    return int(text) if text.isdecimal() else float(text)


def _count_or_smallest(text: str) -> int | str:
    return text if text == "smallest" else int(text)
