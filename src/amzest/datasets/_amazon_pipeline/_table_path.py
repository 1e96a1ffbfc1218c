"""Check the path of a table, so that no other file is overwritten."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from amzest.datasets._image_downloads._image_manifest import MANIFEST

#: Metadata by which a Parquet file written here is recognised.
MADE_BY = {b"made by": b"amzest.datasets.prepare_products"}


def check_table_path(
    out: str | os.PathLike[str],
    *,
    raw: Sequence[Path],
    images: str | os.PathLike[str] | None,
    overwrite: bool,
) -> Path:
    """Return the absolute path of a table, links resolved; raise if it is invalid."""
    target = Path(out).expanduser().absolute()
    if target.is_symlink():
        target = Path(os.path.realpath(target))
    if target.is_dir():
        raise IsADirectoryError(
            f"`out` {str(target)!r} is a folder. Pass the path of a file."
        )
    parts = target.with_name(f"{target.name}.parts")
    for path in raw:
        if target.exists() and os.path.samefile(path, target):
            msg = (
                f"`out` {str(target)!r} is the raw file {str(path)!r}, which would be "
                "lost. Pass another file."
            )
            raise ValueError(msg)
        if parts in path.resolve().parents or parts in path.absolute().parents:
            msg = (
                f"The raw file {str(path)!r} is in {str(parts)!r}, the folder of "
                "unfinished work. Move it, or pass another `out`."
            )
            raise ValueError(msg)
    if images is not None:
        folder = Path(images).expanduser().absolute()
        if folder in (target, parts) or target == folder / MANIFEST:
            msg = (
                f"`images` {str(folder)!r} and `out` {str(target)!r} would write to "
                "the same path. Change one of them."
            )
            raise ValueError(msg)
    if not overwrite:
        check_replaceable(target)
    return target


def check_replaceable(target: Path) -> None:
    """Raise if `target` is a file that :func:`prepare_products` did not write."""
    if target.exists() and not _is_ours(target):
        msg = (
            f"`out` {str(target)!r} exists and was not written by prepare_products. "
            "Move it, pass another file, or pass overwrite=True (--overwrite)."
        )
        raise FileExistsError(msg)


def _is_ours(path: Path) -> bool:
    """Return whether a file is a Parquet table that was written here."""
    import pyarrow
    import pyarrow.parquet

    try:
        found = pyarrow.parquet.read_schema(path).metadata or {}
    except (OSError, ValueError, pyarrow.ArrowException):
        return False
    return bool(MADE_BY.items() <= found.items())
