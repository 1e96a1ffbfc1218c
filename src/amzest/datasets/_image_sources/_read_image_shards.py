"""Images in tar files, in the layout of WebDataset."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from amzest.datasets._image_sources._file_lists import (
    IMAGE_EXTENSIONS,
    Paths,
    find_files,
)
from amzest.datasets._image_sources._tar_members import Member, TarMembers
from amzest.datasets._product_tables._column_types import convert_columns
from amzest.utils import (
    MAX_IMAGE_BYTES,
    FilePart,
    SourceFile,
    is_missing,
    shown,
    validate_params,
)

if TYPE_CHECKING:
    import pandas as pd

#: A name before and after the first dot of its last part, as in WebDataset:
#: https://github.com/webdataset/webdataset
_NAME = re.compile(r"((?:.*/)?[^/.]+)\.([^/]+)", re.DOTALL)
_TEXTS = {
    "caption", "class", "cls", "count", "id", "index", "inx", "text", "title", "txt",
}  # fmt: skip
#: Columns that stay text if all of their cells are numbers, and their extensions.
_TEXT_COLUMNS = ("caption", "description", "text", "title", "txt")
_JSON = {"json", "jsn"}
_DEFAULT_COLUMNS = {"cls": "category", "class": "category", "txt": "title"}


@validate_params(
    {
        "paths": [str, os.PathLike, "array-like"],
        "image_column": [str],
        "key_column": [str],
        "columns": [Mapping, None],
    }
)
def read_image_shards(
    paths: Paths,
    *,
    image_column: str = "image",
    key_column: str = "key",
    columns: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """List the images in tar files, with the labels and texts of each.

    The layout is that of WebDataset [1]_: the members of a sample have the same name up
    to the first dot, such as ``000123.jpg``, ``000123.cls`` and ``000123.json``. Images
    stay where they are: their cells are references, which image classifiers read when
    they decode them. Nothing is extracted.

    Parameters
    ----------
    paths : str, path-like or sequence of these
        Uncompressed tar files; a folder stands for the files ``*.tar`` in it. Ranges of
        numbers in braces are expanded: ``"train-{000..099}.tar"``.

    image_column : str, default="image"
        Name of the column of images.

    key_column : str, default="key"
        Name of the column of keys, the names before the first dot. Keys of several
        shards may be equal.

    columns : mapping of str to str, default=None
        Columns for the content of members, by the extension of their names. None means
        ``{"cls": "category", "class": "category", "txt": "title"}``. A text of another
        extension has it as the name of its column. Members ``.json`` with an object
        have a column for each of its names.

    Returns
    -------
    products : DataFrame
        One row for each key, in the order of the shards. The cell of a sample without
        an image, a label or a text is missing. Columns of which all cells are numbers
        are numeric.

    Raises
    ------
    FileNotFoundError
        If a file does not exist.
    ValueError
        If a file is not an uncompressed tar file or is damaged; if two members of a
        sample are for the same cell; if a text is not UTF-8, or JSON is invalid.

    See Also
    --------
    read_image_parquet : The same for a column of a Parquet file.
    read_image_folder : The same for a folder with a folder for each category.

    Notes
    -----
    Only regular files in a tar file are listed, not links, and their names are not used
    as paths. Read are members with the extensions of image formats, of texts
    (``.caption``, ``.cls``, ``.class``, ``.count``, ``.id``, ``.index``, ``.inx``,
    ``.text``, ``.title``, ``.txt``, and those in `columns`) and ``.json``. Others are
    ignored.

    A shard must not change as long as the table is used; if it has, reading raises an
    error.

    References
    ----------
    .. [1] https://github.com/webdataset/webdataset

    Examples
    --------
    >>> import io, tarfile
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from amzest.datasets import read_image_shards
    >>> folder = TemporaryDirectory()
    >>> path = Path(folder.name, "train-000.tar")
    >>> image = io.BytesIO()
    >>> Image.new("RGB", (64, 64), "navy").save(image, "PNG")
    >>> with tarfile.open(path, "w") as tar:
    ...     for name, data in {"7.png": image.getvalue(), "7.cls": b"Shoes"}.items():
    ...         member = tarfile.TarInfo(name)
    ...         member.size = len(data)
    ...         tar.addfile(member, io.BytesIO(data))
    >>> read_image_shards(path)[["key", "category"]]
      key category
    0   7    Shoes
    >>> folder.cleanup()
    """
    by_extension = dict(_DEFAULT_COLUMNS if columns is None else columns)
    cells = _Cells((key_column, image_column))
    for path in find_files(paths, (".tar",), "tar file"):
        shard = _Shard(path, by_extension, image_column, key_column)
        cells.add(shard.read())
    if not cells.n_rows:
        raise ValueError("`paths`: the tar files contain no images, labels or texts.")
    texts = [key_column, *_TEXT_COLUMNS, *(by_extension.get(e) for e in _TEXT_COLUMNS)]
    return convert_columns(cells.frame(), texts, {image_column})


class _Cells:
    """The cells of a table by column."""

    def __init__(self, names: Iterable[str]) -> None:
        self._columns: dict[str, list[Any]] = {name: [] for name in names}
        self.n_rows = 0

    def add(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Add rows; a name that a record lacks has a missing cell."""
        for name in [name for record in records for name in record]:
            if name not in self._columns:
                self._columns[name] = [None] * self.n_rows
        for name, column in self._columns.items():
            column.extend(record.get(name) for record in records)
        self.n_rows += len(records)

    def frame(self) -> pd.DataFrame:
        """Return the table."""
        import pandas as pd

        return pd.DataFrame(
            {name: _column(cells) for name, cells in self._columns.items()}
        )


def _column(cells: list[Any]) -> pd.Series:
    import pandas as pd

    texts = all(cell is None or isinstance(cell, str) for cell in cells)
    return pd.Series(cells, dtype="str" if texts else object)


class _Shard:
    """Reads the samples of one tar file."""

    def __init__(
        self, path: str, columns: Mapping[str, str], image_column: str, key_column: str
    ) -> None:
        self._path, self._columns = path, columns
        self._image_column, self._key_column = image_column, key_column
        self._samples: dict[str, dict[str, Any]] = {}

    def read(self) -> list[dict[str, Any]]:
        """Return a record for each sample."""
        source = SourceFile.of(self._path)
        with open(self._path, "rb") as file:
            members = TarMembers(self._path, file)
            for member in members:
                match = _NAME.fullmatch(member.name)
                # WebDataset's names for its own data begin with two underscores.
                if match is None or match[1].startswith("__"):
                    continue
                key, extension = match[1], match[2].lower()
                if extension in IMAGE_EXTENSIONS and extension not in self._columns:
                    self._check_image(member)
                    image = FilePart(source, member.offset, member.n_bytes)
                    cell = image if member.n_bytes else None
                    self._set(key, self._image_column, cell, member)
                elif extension in _JSON and extension not in self._columns:
                    self._add_json(key, members.read(member), member)
                elif extension in _TEXTS or extension in self._columns:
                    name = self._columns.get(extension, extension)
                    text = self._decode(members.read(member), member).strip()
                    self._set(key, name, text or None, member)
        return list(self._samples.values())

    def _set(self, key: str, column: str, cell: Any, member: Member) -> None:
        sample = self._samples.setdefault(key, {self._key_column: key})
        if column in sample:
            raise self._error(
                member, f"is a second cell of the column {shown(column)} of its sample"
            )
        sample[column] = cell

    def _add_json(self, key: str, data: bytes, member: Member) -> None:
        try:
            value = json.loads(self._decode(data, member))
            json.dumps(value, ensure_ascii=False).encode()  # or a surrogate is alone
        except (ValueError, RecursionError) as error:
            raise self._error(member, f"is not JSON ({error})") from error
        if not isinstance(value, dict):
            self._set(key, "json", value, member)
            return
        for name, cell in value.items():
            self._set(key, name, None if is_missing(cell) else cell, member)

    def _decode(self, data: bytes, member: Member) -> str:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise self._error(member, f"is not UTF-8 ({error})") from error

    def _check_image(self, member: Member) -> None:
        if member.n_bytes > MAX_IMAGE_BYTES:
            raise self._error(
                member,
                f"has {member.n_bytes} bytes; at most {MAX_IMAGE_BYTES} are read",
            )

    def _error(self, member: Member, problem: str) -> ValueError:
        return ValueError(f"{self._path}: {shown(member.name)} {problem}.")
