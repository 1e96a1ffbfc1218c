"""The command line of :func:`prepare_products`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amzest.datasets._amazon_pipeline._prepare_products import prepare_products

_EPILOG = """\
An interrupted call is resumed when it is made again. At the end a summary of all steps
is printed.

exit codes:
  0    the table was written; images that failed are counted in the summary
  1    invalid data, or a file that cannot be read or written; see the message
  2    invalid arguments
  130  interrupted by the keyboard

example:
  python -m amzest.datasets prepare meta_*.json.gz --out products.parquet \\
      --categories published --n-per-category 1000 --images images/
"""


def main(
    arguments: Sequence[str] | None = None, *, prog: str = "python -m amzest.datasets"
) -> int:
    """Run a command and return its exit code, see ``--help``."""
    options = vars(_parser(prog).parse_args(arguments))
    del options["command"]
    try:
        report = prepare_products(**_as_arguments(options))
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again to resume.", file=sys.stderr)
        return 130
    except (ImportError, OSError, TypeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(report)
    return 0


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description="Prepare product data.")
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser(
        "prepare",
        help="make a cleaned, balanced and split table of Amazon's metadata",
        description="Make a cleaned, balanced and split Parquet table, and optionally\n"
        "a folder of images, from the metadata that SNAP and the McAuley lab publish.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = prepare.add_argument
    add(
        "path_or_paths",
        nargs="+",
        metavar="RAW",
        help="file with one product per line, plain or compressed",
    )
    add("--out", required=True, metavar="FILE", help="Parquet file to write")
    add("--images", metavar="FOLDER", help="download images to it (default: no images)")
    add(
        "--categories",
        metavar="NAMES",
        help='"published" for the published experiment\'s ten, or a JSON file '
        '{"published name": "new name"} (default: keep all names)',
    )
    add(
        "--several-categories",
        choices=["drop", "keep"],
        default="drop",
        help="products in several top-level categories (default: %(default)s)",
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
        help='number to sample of each, or "smallest" (default: keep all)',
    )
    add(
        "--test-size",
        type=_fraction_or_count,
        default=0.25,
        metavar="FRACTION",
        help="fraction or number of test products, 0: no split (default: %(default)s)",
    )
    add(
        "--similarity",
        type=float,
        default=0.8,
        metavar="FRACTION",
        help="titles this similar stay on one side (default: %(default)s)",
    )
    add(
        "--description-similarity",
        type=float,
        default=0.8,
        metavar="FRACTION",
        help="the same for descriptions, 0: ignore them (default: %(default)s)",
    )
    add("--random-state", type=int, default=0, metavar="N", help="seed (default: 0)")
    add(
        "--on-error",
        choices=["raise", "skip"],
        default="raise",
        help="lines that do not contain a product (default: %(default)s)",
    )
    add(
        "--jobs",
        type=int,
        metavar="N",
        help="processes that read raw files, -1 for all cores",
    )
    add(
        "--connections", type=int, metavar="N", help="downloads at a time (default: 16)"
    )
    add(
        "--allow-private",
        action="store_true",
        help="also download images from this machine or a private network",
    )
    add(
        "--retry-failed",
        action="store_true",
        help="retry images that were missing or invalid in an earlier call",
    )
    add(
        "--overwrite",
        action="store_true",
        help="replace FILE even if it is not a table of an earlier call",
    )
    add("--quiet", action="store_true", help="do not show progress bars")
    return parser


def _as_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """Convert options of the command to arguments of the function."""
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
            f"--categories {str(path)!r} is not a JSON file ({error}). Write an "
            'object: {"published name": "new name"}.'
        )
        raise ValueError(msg) from error


def _fraction_or_count(text: str) -> float | int:
    return int(text) if text.isdecimal() else float(text)


def _count_or_smallest(text: str) -> int | str:
    return text if text == "smallest" else int(text)
