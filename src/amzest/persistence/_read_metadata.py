"""Read the metadata of a saved model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from amzest.persistence._archive import METADATA, open_archive
from amzest.persistence._load import error_message, read_json
from amzest.persistence._metadata import check_metadata


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the metadata of a file without loading its model.

    Parameters
    ----------
    path : str or path-like
        A file that `save` has written.

    Returns
    -------
    dict
        With the keys "format_version"; "created", date and time in UTC; "description";
        "versions" of Python and packages; "model", the name of its class; "parameters",
        those that are not defaults; "classes"; "columns" and "n_columns"; "training",
        with rows, epochs, seconds and class frequencies as far as they are known;
        "data" and "scores" as passed to `save`; and "foreign_types", names that
        have to be passed to `load` as `trusted`. Unknown values are None.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file was not written by `save`, or is of a version that cannot be
        read.

    See Also
    --------
    amzest.persistence.model_card : Describe the model in Markdown.

    Examples
    --------
    >>> from amzest.persistence import read_metadata
    >>> read_metadata("model.amz")["classes"]  # doctest: +SKIP
    ['garden', 'shoes']
    """
    path = Path(path)
    with open_archive(path) as (_, archive):
        try:
            return check_metadata(read_json(archive, METADATA))
        except Exception as error:
            raise ValueError(error_message(path, error)) from error
