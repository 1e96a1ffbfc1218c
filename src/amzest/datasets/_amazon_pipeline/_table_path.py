"""Where a table is written: never over anything that is not a table of ours."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from amzest.datasets._image_downloads._image_manifest import MANIFEST

#: What the Parquet files that are written say about who made them.
MADE_BY = {b"made by": b"amzest.datasets.prepare_products"}


def check_table_path(
    out: str | os.PathLike[str],
    *,
    raw: Sequence[Path],
    images: str | os.PathLike[str] | None,
    overwrite: bool,
) -> Path:
    """Check where a table is to be written.

    Parameters
    ----------
    out : str or path-like
        What the user gave.

    raw : sequence of Path
        Files that are read.

    images : str, path-like or None
        Folder of photos.

    overwrite : bool
        Whether any other file may be replaced.

    Returns
    -------
    Path
        The absolute path; of a symbolic link what it leads to.

    Raises
    ------
    IsADirectoryError
        If it is a folder.
    ValueError
        If it is a file that is read, or one of the photos' own.
    FileExistsError
        If there is a file that :func:`prepare_products` did not make.
    """
    target = Path(out).expanduser().absolute()
    if target.is_symlink():
        target = Path(os.path.realpath(target))
    if target.is_dir():
        raise IsADirectoryError(
            f"`out` {str(target)!r} is a folder; name a file in it."
        )
    parts = target.with_name(f"{target.name}.parts")
    for path in raw:
        if target.exists() and os.path.samefile(path, target):
            msg = (
                f"`out` {str(target)!r} is the raw file {str(path)!r}, which would be "
                "lost. Name another file to write to."
            )
            raise ValueError(msg)
        if parts in path.resolve().parents or parts in path.absolute().parents:
            msg = (
                f"The raw file {str(path)!r} lies in {str(parts)!r}, which is the "
                "place of unfinished work. Move it, or pass another `out`."
            )
            raise ValueError(msg)
    if images is not None:
        photos = Path(images).expanduser().absolute()
        if photos in (target, parts) or target == photos / MANIFEST:
            msg = (
                f"`images` {str(photos)!r} and `out` {str(target)!r} would write to "
                "the same place. Pass another one of them."
            )
            raise ValueError(msg)
    if not overwrite:
        check_replaceable(target)
    return target


def check_replaceable(target: Path) -> None:
    """Raise an error if there is a file that :func:`prepare_products` did not make.

    Parameters
    ----------
    target : Path
        Where a table is to be written.

    Raises
    ------
    FileExistsError
        If it would be lost.
    """
    if target.exists() and not _is_ours(target):
        msg = (
            f"`out` {str(target)!r} is there and was not made by prepare_products. "
            "Move it away, name another file, or pass overwrite=True (--overwrite) to "
            "replace it."
        )
        raise FileExistsError(msg)


def _is_ours(path: Path) -> bool:
    """Tell whether a file is a Parquet table that was written here."""
    import pyarrow
    import pyarrow.parquet

    try:
        found = pyarrow.parquet.read_schema(path).metadata or {}
    except (OSError, ValueError, pyarrow.ArrowException):
        return False
    return bool(MADE_BY.items() <= found.items())
