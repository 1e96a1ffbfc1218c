"""Keys by which equal images of a column are found."""

from __future__ import annotations

import hashlib
import os
import re
import warnings
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from amzest.datasets._shared._column_chunks import ColumnChunks
from amzest.datasets._shared._missing_images import is_missing_image
from amzest.datasets._shared._row_listing import cell_type_error, list_rows
from amzest.datasets._shared._text_keys import hash_texts, separate_collisions
from amzest.utils import count, plain_image_cell

_URL = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//(?P<host>[^/?#]*)(?P<path>.*)")
_AMAZON = re.compile(r"(?:^|.*[.-])(?:ssl-images-|images-|media-)?amazon\.[a-z.]+")
#: Identifier of an image at Amazon, before size modifiers and the file extension.
_AMAZON_ID = re.compile(r"/images/I/([^/.?#]+)")
#: Size modifiers of other images: "sale._SX38_CR,0,0,38,50_.jpg", "._V192198896_".
_MODIFIERS = re.compile(r"\._[^/?#]*_(?=\.[A-Za-z0-9]+(?:[?#]|$))")


def image_labels(
    cells: ColumnChunks,
    *,
    name: str,
    image_root: str | os.PathLike[str] | None = None,
    read_files: bool = True,
) -> NDArray[np.int64]:
    """Return equal labels for equal images; a missing one has a label of its own."""

    def keys_of(cells: Sequence[Any]) -> list[Hashable]:
        options: Any = {"image_root": image_root, "read_files": read_files}
        return image_keys(cells, name=name, **options)

    import pandas as pd

    if read_files:
        # The size of a file is compared with those of all others.
        chunks = ColumnChunks.of(keys_of(list(cells.cells())))
        hashed = [_hash_keys(chunk) for chunk in chunks.read()]
    else:
        chunks = cells
        try:
            hashed = [_hash_keys(keys_of(chunk)) for chunk in cells.read()]
        except TypeError:
            keys_of(list(cells.cells()))  # names all rows
            raise

    def read_texts(rows: NDArray[np.intp]) -> Iterator[str]:
        start = 0
        for chunk in chunks.read():
            first, last = np.searchsorted(rows, (start, start + len(chunk)))
            if first < last:
                taken = [chunk[row] for row in (rows[first:last] - start).tolist()]
                yield from map(_key_text, taken if read_files else keys_of(taken))
            start += len(chunk)

    keys = np.concatenate([np.zeros(0, dtype=np.uint64), *hashed])
    labels = pd.factorize(separate_collisions(keys, read_texts))[0].astype(np.int64)
    missing = np.flatnonzero(keys == 0)
    labels[missing] = len(labels) + missing
    return labels


def _hash_keys(keys: Sequence[Hashable]) -> NDArray[np.uint64]:
    return hash_texts(None if key is None else _key_text(key) for key in keys)


def _key_text(key: Hashable) -> str:
    """Return a text for a key of `image_keys`; different keys have different texts."""
    if isinstance(key, bytes):
        return f"bytes {key.hex()}"
    text = str(key)
    # A path may contain an unpaired surrogate, which cannot be hashed as UTF-8.
    return f"text {text}" if text.isascii() else f"escaped {text!a}"


def image_keys(
    cells: Sequence[Any],
    *,
    name: str,
    image_root: str | os.PathLike[str] | None = None,
    read_files: bool = True,
) -> list[Hashable]:
    """Return equal keys for equal images, None for missing ones.

    Cells are paths, URLs or bytes. Without `read_files` text that is not a URL is
    compared as it is, otherwise files are compared by content.
    """
    keys: list[Hashable] = [None] * len(cells)
    paths: dict[int, str] = {}
    wrong: list[int] = []
    for row, cell in enumerate(map(plain_image_cell, cells)):
        if is_missing_image(cell):
            continue
        if isinstance(cell, bytes | bytearray):
            keys[row] = hashlib.sha256(cell).digest()
        elif isinstance(cell, str | os.PathLike):
            text = os.fspath(cell)
            if not isinstance(text, str):
                wrong.append(row)
            elif (url := _URL.fullmatch(text.strip())) is not None:
                keys[row] = _url_key(url["host"], url["path"])
            elif read_files:
                paths[row] = os.path.normpath(os.path.join(image_root or "", text))
            else:
                keys[row] = text.strip()
        else:
            wrong.append(row)
    if wrong:
        advice = "Each cell must hold the path or URL of one image."
        raise cell_type_error(name, "is neither text nor bytes", wrong, cells, advice)
    found = _file_keys(paths, name, image_root)
    for row, path in paths.items():
        keys[row] = found[path]
    return keys


def _url_key(host: str, path: str) -> str:
    # Without user name and default ports, which do not change the resource.
    host = host.lower().rpartition("@")[2].removesuffix(":443").removesuffix(":80")
    path = path.partition("#")[0]
    if _AMAZON.fullmatch(host):
        identifier = _AMAZON_ID.match(path)
        if identifier is not None:
            return f"amazon {unquote(identifier[1])}"
        # All hosts of Amazon serve the same images.
        return "amazon " + _MODIFIERS.sub("", path.partition("?")[0])
    return f"//{host}{path}"


def _file_keys(
    paths: dict[int, str], name: str, image_root: str | os.PathLike[str] | None
) -> dict[str, Hashable]:
    """Return the hash of each file; a file of a unique size is not read."""
    sizes: dict[str, int] = {}
    for path in set(paths.values()):
        if os.path.isfile(path):
            sizes[path] = os.path.getsize(path)
    absent = [row for row, path in paths.items() if path not in sizes]
    if absent:
        listed = list_rows(absent, [paths[row] for row in absent])
        problem = f"`{name}` is not a file in {count(len(absent), 'row')}: {listed}."
        advice = (
            "Pass image_root= the folder that these paths are relative to, or "
            "image_column=None to ignore the files"
        )
        relative = not any(map(os.path.isabs, paths.values()))
        if image_root is None and relative and not sizes:
            warnings.warn(
                f"{problem} Equal paths count as equal images, but equal files under "
                f"different names are not found. {advice}.",
                UserWarning,
                stacklevel=8,
            )
            return {path: path for path in paths.values()}
        raise ValueError(f"{problem} {advice}.")
    # Only files of equal size can be equal: most are not read at all.
    n_of_size = Counter(sizes.values())
    return {
        path: path if n_of_size[size] == 1 else _hash_file(path)
        for path, size in sizes.items()
    }


def _hash_file(path: str) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
