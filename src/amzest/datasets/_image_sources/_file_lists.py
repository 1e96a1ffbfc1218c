"""The files that a path, a folder, a pattern or a list of them stands for."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from amzest.utils import shown, shown_list

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]

#: Extensions of the names of image files.
IMAGE_EXTENSIONS = {
    "avif", "bmp", "gif", "jp2", "jpeg", "jpg", "pbm", "pgm", "png", "pnm", "ppm",
    "tif", "tiff", "webp",
}  # fmt: skip
_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
#: Files of one pattern.
_MAX_FILES = 1_000_000


def find_files(paths: Paths, suffixes: tuple[str, ...], kind: str) -> list[str]:
    """Return absolute paths of files that exist; see `read_image_shards`.

    A folder stands for the files in it with one of the suffixes, sorted by name.
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    found: list[str] = []
    for path in given:
        if not isinstance(path, str | os.PathLike):
            raise TypeError(
                f"`paths` contains {shown(path)}; expected paths of {kind}s."
            )
        found += _files_of(os.fspath(path), suffixes, kind)
    if not found:
        raise ValueError(f"`paths` is empty. Pass the path of at least one {kind}.")
    repeated = [path for path, n_times in Counter(found).items() if n_times > 1]
    if repeated:
        raise ValueError(
            f"`paths` names {shown_list(repeated)} more than once, so that rows would "
            "be repeated."
        )
    return found


def _files_of(text: str, suffixes: tuple[str, ...], kind: str) -> list[str]:
    path = Path(text).expanduser().absolute()
    if path.is_dir():
        names = sorted(p.name for p in path.iterdir() if p.name.endswith(suffixes))
        names = [name for name in names if not name.startswith(".")]
        if not names:
            raise FileNotFoundError(
                f"`paths`: the folder {str(path)!r} contains no {kind} "
                f"({', '.join(suffixes)})."
            )
        return [str(path / name) for name in names]
    files = [str(path)] if path.exists() else _expand(str(path))
    absent = [file for file in files if not os.path.isfile(file)]
    if absent:
        more = f", and {len(absent) - 1} more" if len(absent) > 1 else ""
        raise FileNotFoundError(
            f"`paths`: there is no file {absent[0]!r}{more}. Pass the path of each "
            f"{kind}, a folder of them, or a range such as 'train-{{000..099}}"
            f"{suffixes[0]}'."
        )
    return files


def _expand(text: str) -> list[str]:
    """Expand ranges of numbers in braces, as a shell does."""
    match = _RANGE.search(text)
    if match is None:
        return [text]
    first, last = int(match[1]), int(match[2])
    if not first <= last < first + _MAX_FILES:
        raise ValueError(f"`paths`: {match[0]} in {shown(text)} is not a valid range.")
    width = len(match[1]) if match[1].startswith("0") else 0
    return [
        expanded
        for number in range(first, last + 1)
        for expanded in _expand(
            f"{text[: match.start()]}{number:0{width}d}{text[match.end() :]}"
        )
    ]
