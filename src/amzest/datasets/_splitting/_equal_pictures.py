"""Which cells of a column hold the same picture."""

from __future__ import annotations

import hashlib
import os
import re
import warnings
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any
from urllib.parse import unquote

from amzest.datasets._shared._row_listing import list_rows
from amzest.utils import count, is_missing, plain_image_cell

_ADDRESS = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//(?P<host>[^/?#]*)(?P<path>.*)")
_AMAZON = re.compile(r"(?:^|.*[.-])(?:ssl-images-|images-|media-)?amazon\.[a-z.]+")
#: The number of a picture: what stands before size modifiers and file type.
_AMAZON_NUMBER = re.compile(r"/images/I/([^/.?#]+)")
#: Size modifiers of other pictures: "sale._SX38_CR,0,0,38,50_.jpg", "._V192198896_".
_MODIFIERS = re.compile(r"\._[^/?#]*_(?=\.[A-Za-z0-9]+(?:[?#]|$))")
#: What Amazon's metadata holds where there is no photo.
_PLACEHOLDER = re.compile(r"(?:^|.*[/\\])no-img[^/\\]*$")


def picture_keys(
    cells: Sequence[Any],
    *,
    name: str,
    image_root: str | os.PathLike[str] | None = None,
    read_files: bool = True,
) -> list[Hashable]:
    """Give equal pictures equal keys.

    Parameters
    ----------
    cells : sequence
        Paths, web addresses, bytes, or missing.

    name : str
        The column, for messages.

    image_root : str or path-like, default=None
        Folder that relative paths start from. None means the working folder.

    read_files : bool, default=True
        Whether to compare files by their content. Without it text that is no web
        address is compared as it is.

    Returns
    -------
    list
        One key for each cell; None where there is no picture.

    Raises
    ------
    ValueError
        If a file is not there.
    TypeError
        If a cell is neither text nor bytes.

    Warns
    -----
    UserWarning
        If `image_root` is None and none of the relative paths is a file.
    """
    keys: list[Hashable] = [None] * len(cells)
    paths: dict[int, str] = {}
    wrong: list[int] = []
    for row, cell in enumerate(map(plain_image_cell, cells)):
        if isinstance(cell, bytes | bytearray):
            keys[row] = hashlib.sha256(cell).digest() if cell else None
        elif is_missing(cell):
            continue
        elif isinstance(cell, str | os.PathLike):
            text = os.fspath(cell)
            if not isinstance(text, str):
                wrong.append(row)
            elif _PLACEHOLDER.match(text.partition("?")[0]):
                continue
            elif (address := _ADDRESS.fullmatch(text.strip())) is not None:
                keys[row] = _address_key(address["host"], address["path"])
            elif read_files:
                paths[row] = os.path.normpath(os.path.join(image_root or "", text))
            else:
                keys[row] = text.strip()
        else:
            wrong.append(row)
    if wrong:
        kinds = [type(cells[row]).__name__ for row in wrong]
        msg = (
            f"`{name}` is neither text nor bytes in {count(len(wrong), 'row')}: "
            f"{list_rows(wrong, kinds)}. Put the path or web address of one picture "
            "into each cell."
        )
        raise TypeError(msg)
    found = _file_keys(paths, name, image_root)
    for row, path in paths.items():
        keys[row] = found[path]
    return keys


def _address_key(host: str, path: str) -> str:
    host = host.lower().rpartition("@")[2].removesuffix(":443").removesuffix(":80")
    path = path.partition("#")[0]
    if _AMAZON.fullmatch(host):
        number = _AMAZON_NUMBER.match(path)
        if number is not None:
            return f"amazon {unquote(number[1])}"
        # All hosts of Amazon serve the same pictures.
        return "amazon " + _MODIFIERS.sub("", path.partition("?")[0])
    return f"//{host}{path}"


def _file_keys(
    paths: dict[int, str], name: str, image_root: str | os.PathLike[str] | None
) -> dict[str, Hashable]:
    """Give paths the hash of their file; files of a size of their own are not read."""
    sizes: dict[str, int] = {}
    for path in set(paths.values()):
        if os.path.isfile(path):
            sizes[path] = os.path.getsize(path)
    absent = [row for row, path in paths.items() if path not in sizes]
    if absent:
        shown = list_rows(absent, [paths[row] for row in absent])
        what = f"`{name}` names no file in {count(len(absent), 'row')}: {shown}."
        advice = (
            "Pass image_root= the folder that these paths start from, or "
            "image_column=None to leave the files out of account"
        )
        relative = not any(map(os.path.isabs, paths.values()))
        if image_root is None and relative and not sizes:
            warnings.warn(
                f"{what} Equal paths count as equal pictures, but equal files under "
                f"other names are not found. {advice}.",
                UserWarning,
                stacklevel=4,
            )
            return {path: path for path in paths.values()}
        raise ValueError(f"{what} {advice}.")
    n_of_size = Counter(sizes.values())
    return {
        path: path if n_of_size[size] == 1 else _hash_file(path)
        for path, size in sizes.items()
    }


def _hash_file(path: str) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
