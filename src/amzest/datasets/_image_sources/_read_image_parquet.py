"""Images in a column of Parquet files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amzest.datasets._image_sources._file_lists import Paths, find_files
from amzest.datasets._image_sources._parquet_images import ParquetColumn, ParquetImage
from amzest.datasets._product_tables._read_table import parquet_errors, parquet_frame
from amzest.utils import SourceFile, is_missing, shown, shown_list, validate_params

if TYPE_CHECKING:
    import pandas as pd


@validate_params(
    {
        "paths": [str, os.PathLike, "array-like"],
        "image_column": [str],
        "columns": ["array-like", None],
    }
)
def read_image_parquet(
    paths: Paths,
    *,
    image_column: str = "image",
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Read a table from Parquet files, without the bytes of its images.

    The cells of the column of images are references, which image classifiers read when
    they decode them, a few megabytes at a time.

    Parameters
    ----------
    paths : str, path-like or sequence of these
        Parquet files with the same columns; a folder stands for the files ``*.parquet``
        in it. Ranges of numbers in braces are expanded: ``"part-{0..9}.parquet"``.

    image_column : str, default="image"
        Column of images: bytes, or structs of `bytes` and `path` as in datasets of
        Hugging Face. A `path` without `bytes` is returned as it is.

    columns : sequence of str, default=None
        Other columns to read; None means all.

    Returns
    -------
    products : DataFrame
        The rows of all files. Columns have the types of the files. Missing images are
        missing cells.

    Raises
    ------
    FileNotFoundError
        If a file does not exist.
    ValueError
        If a file cannot be read as Parquet, or lacks a column; if `image_column` does
        not contain bytes.

    See Also
    --------
    amzest.load_products : Load a table with all bytes, and check its rows.
    read_image_shards : The same for tar files.

    Notes
    -----
    Images are read fastest in the order of the file: an estimator decodes them in this
    order, also if the rows are shuffled. A row group is decompressed from its start to
    the row, therefore single images of large row groups are read slowly. The files must
    not change as long as the table is used; if one has, reading raises an error.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from amzest.datasets import read_image_parquet
    >>> folder = TemporaryDirectory()
    >>> table = pd.DataFrame({"image": [b"...", None], "category": ["Shoes", "Toys"]})
    >>> table.to_parquet(f"{folder.name}/train.parquet")
    >>> read_image_parquet(folder.name)
                                     image category
    0  <image in train.parquet at row 0>    Shoes
    1                               None     Toys
    >>> folder.cleanup()
    """
    import pandas as pd

    others = None if columns is None else list(columns)
    parts = [
        _read_file(path, image_column, others)
        for path in find_files(paths, (".parquet",), "Parquet file")
    ]
    first = list(parts[0].columns)
    for part in parts[1:]:
        if set(part.columns) != set(first):
            raise ValueError(
                f"`paths`: the files have different columns: {shown_list(first)}, and "
                f"{shown_list(part.columns)}. Pass the names that all of them have as "
                "columns=."
            )
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]


def _read_file(
    path: str, image_column: str, columns: Sequence[str] | None
) -> pd.DataFrame:
    import pandas as pd

    source = SourceFile.of(path)
    with parquet_errors(Path(path)) as parquet, parquet.ParquetFile(path) as file:
        names = list(file.schema_arrow.names)
        others = [name for name in names if name != image_column]
        wanted = (
            others if columns is None else [c for c in columns if c != image_column]
        )
        _check_names(path, [image_column, *wanted], names)
        leaf = _leaf_of(path, file.schema_arrow.field(image_column))
        table = file.read(columns=wanted)
        table.validate(full=True)  # or invalid UTF-8 would crash later
        images = list(_images(file, source, leaf))
    frame = parquet_frame(Path(path), table, 0)
    if not wanted:
        frame = pd.DataFrame(index=range(len(images)))
    place = sum(name in frame.columns for name in names[: names.index(image_column)])
    frame.insert(place, image_column, pd.Series(images, frame.index, dtype=object))
    return frame


def _check_names(path: str, wanted: Sequence[str], names: Sequence[str]) -> None:
    absent = [name for name in wanted if name not in names]
    if absent:
        raise ValueError(
            f"{path}: has no column {shown_list(absent)}. Available: "
            f"{shown_list(names)}."
        )


def _leaf_of(path: str, field: Any) -> str:
    """Return the path of the column of bytes in the schema of the file."""
    from pyarrow import types

    kind, leaf = field.type, str(field.name)
    if types.is_struct(kind):
        fields = {f.name: f.type for f in kind.fields}
        if fields.keys() <= {"bytes", "path"} and "bytes" in fields:
            kind, leaf = fields["bytes"], f"{leaf}.bytes"
    if types.is_binary(kind) or types.is_large_binary(kind):
        return leaf
    advice = "Pass the name of another column as image_column="
    if types.is_string(kind) or types.is_large_string(kind):
        advice = "If it contains paths, load the table with load_products"
    raise ValueError(
        f"{path}: the column {shown(field.name)} is of type {field.type}, not of bytes "
        f"or structs of bytes and path. {advice}."
    )


def _images(file: Any, source: SourceFile, leaf: str) -> Iterator[Any]:
    """Yield a cell for each row: a reference, a path or None."""
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    starts = [0]
    for group in groups:
        starts.append(starts[-1] + group.num_rows)
    leaves = [_column_of(group, leaf) for group in groups]
    n_bytes = sum(column.total_uncompressed_size for column in leaves)
    column = ParquetColumn(source, leaf, n_bytes // max(starts[-1], 1), tuple(starts))
    for number, (start, stop) in enumerate(pairwise(starts)):
        statistics = leaves[number].statistics
        if statistics is not None and statistics.null_count == 0:
            yield from (ParquetImage(column, row) for row in range(start, stop))
        else:
            yield from _present_images(file, column, number)


def _column_of(group: Any, leaf: str) -> Any:
    columns = (group.column(i) for i in range(group.num_columns))
    return next(column for column in columns if column.path_in_schema == leaf)


def _present_images(file: Any, column: ParquetColumn, group: int) -> Iterator[Any]:
    """Look which images of a row group are missing; those may have a path."""
    import pyarrow.compute as pc

    paths: list[Any] | None = None
    name = column.leaf.removesuffix(".bytes")
    row = column.starts[group]
    fields = file.schema_arrow.field(name).type
    if column.leaf != name and fields.get_field_index("path") >= 0:
        table = file.read_row_group(group, columns=[f"{name}.path"])
        paths = table.column(0).combine_chunks().flatten()[0].to_pylist()
    for start, array in column.pieces(group):
        lengths = pc.fill_null(pc.binary_length(array), 0).to_pylist()
        for place, length in enumerate(lengths, start):
            if length:
                yield ParquetImage(column, place)
            else:
                path = paths[place - row] if paths else None
                yield None if is_missing(path) else path
