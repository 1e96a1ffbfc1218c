"""Predict the categories of a table of any size."""

from __future__ import annotations

import os
from collections.abc import Sequence
from numbers import Integral
from typing import Any, Literal

from sklearn.utils._param_validation import Interval, StrOptions

from amzest.distributed._prediction_run import Request, run
from amzest.distributed._source_tables import Source
from amzest.utils import validate_params


@validate_params(
    {
        "source": [str, os.PathLike, list, tuple],
        "out": [str, os.PathLike],
        "columns": [list, tuple, None],
        "keep": [list, tuple, None],
        "top_k": [Interval(Integral, 1, None, closed="left")],
        "chunk_size": [Interval(Integral, 1, None, closed="left")],
        "rows_per_part": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "resume": ["boolean"],
        "overwrite": ["boolean"],
        "encoding": [str],
        "separator": [str, None],
        "image_root": [str, os.PathLike, None],
        "on_missing_image": [StrOptions({"raise", "missing"})],
        "verbose": ["boolean"],
    }
)
def predict_table(
    model: Any,
    source: Source,
    out: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    keep: Sequence[str] | None = None,
    top_k: int = 1,
    chunk_size: int = 20_000,
    rows_per_part: int = 100_000,
    n_jobs: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    trusted: Sequence[str | type] | None = None,
    encoding: str = "utf-8",
    separator: str | None = None,
    image_root: str | os.PathLike[str] | None = None,
    on_missing_image: Literal["raise", "missing"] = "raise",
    verbose: bool = False,
) -> int:
    """Predict the categories of a table of any size, in bounded memory.

    The table is read, predicted and written in pieces. A folder as `out` receives
    Parquet files of `rows_per_part` rows, which several processes or machines can
    predict, and which a later call completes if this one is interrupted or killed.

    Parameters
    ----------
    model : fitted classifier, str or path-like
        The classifier, or the file that `amzest.save` has written.

    source : str, path-like, or list of these
        A table: CSV (``.csv``), tab-separated (``.tsv``), Parquet (``.parquet``) or
        JSON lines (``.jsonl``), all but Parquet also compressed (``.gz``). Or a folder
        with such files of one format, also in subfolders, a pattern such as
        ``"shop/*.parquet"``, or a list.

    out : str or path-like
        A folder, created if it does not exist; or a file, if the suffix is one of
        those above. A file appears when it is complete.

    columns : list of str, default=None
        Columns that the model reads, if the table has other names for them, in the
        order of the fit.

    keep : list of str, default=None
        Columns of the table that are written too. None keeps all.

    top_k : int, default=1
        Number of most probable categories.

    chunk_size : int, default=20_000
        Rows that are predicted at a time.

    rows_per_part : int, default=100_000
        Rows of a file in the folder.

    n_jobs : int, default=None
        Number of processes, for a folder only. None means 1 unless in a
        ``joblib.parallel_config`` context, whose backend is used, such as that of
        dask. -1 means all cores. The files do not depend on it.

    resume : bool, default=False
        Whether to complete a folder that an earlier call with the same model, source,
        parameters and versions has begun.

    overwrite : bool, default=False
        Whether to replace an existing file. A folder is never replaced.

    trusted : list of str or type, default=None
        Further types that the file of the model may contain, see `amzest.load`.

    encoding : str, default="utf-8"
        Encoding of CSV and JSON files.

    separator : str, default=None
        Separator of the cells of a CSV file. None detects it.

    image_root : str or path-like, default=None
        Folder that image paths are relative to. None uses that of each table.

    on_missing_image : {"raise", "missing"}, default="raise"
        Whether an image that does not exist raises an error. With "missing" it is
        treated as missing, and so is one that cannot be decoded.

    verbose : bool, default=False
        Whether to show the progress on the standard error.

    Returns
    -------
    n_rows : int
        Number of rows of the source.

    Raises
    ------
    FileExistsError
        If the file exists, or the folder has other files, or predictions and `resume`
        is false.
    ValueError
        If the folder has predictions of another model, source or version or with other
        parameters, or if a cell cannot be read; the message names table and row.
    RuntimeError
        If a process was killed. The finished parts stay.

    See Also
    --------
    amzest.load : Load a model.

    Notes
    -----
    The new columns are ``predicted_category``, ``predicted_confidence``, its
    probability, with a model with review thresholds ``predicted_review``, whether the
    confidence is below, and ``predicted_missing``, whether the product has neither
    text nor image. With `top_k`, ``predicted_category_2``, ``predicted_confidence_2``
    and so on follow.

    A part has rows of one table, and a chunk rows of one part. Networks compute
    probabilities in batches, whose size changes the last bits. Chunks are therefore the
    same for every `n_jobs` and after an interruption, and so are the bytes of the
    files.

    Row groups of a Parquet file are read by the process that predicts them. Text files
    are read by this process and sent in parts, of which at most two per process and one
    more are in memory. Each process loads the model once.

    If a worker of dask is lost, its part is predicted again. If one of the processes of
    this machine is killed, such as for lack of memory, the call ends with an error, and
    another one with ``resume=True`` goes on.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> from amzest import TextLinearClassifier
    >>> from amzest.distributed import predict_table
    >>> titles = pd.DataFrame({"title": ["red shoe", "spade", "boot", "garden hose"]})
    >>> categories = ["shoes", "garden", "shoes", "garden"]
    >>> model = TextLinearClassifier(C=1.0).fit(titles, categories)
    >>> with TemporaryDirectory() as folder:
    ...     titles.to_csv(Path(folder, "new.csv"), index=False)
    ...     n_rows = predict_table(
    ...         model, Path(folder, "new.csv"), Path(folder, "predictions")
    ...     )
    ...     found = pd.read_parquet(Path(folder, "predictions"))
    >>> n_rows, found["predicted_category"].tolist()
    (4, ['shoes', 'garden', 'shoes', 'garden'])
    """
    request = Request(
        model=model,
        source=source,
        out=os.fspath(out),
        columns=columns,
        keep=keep,
        top_k=top_k,
        chunk_size=chunk_size,
        rows_per_part=rows_per_part,
        n_jobs=n_jobs,
        resume=resume,
        overwrite=overwrite,
        trusted=trusted,
        encoding=encoding,
        separator=separator,
        image_root=image_root,
        on_missing_image=on_missing_image,
        quiet=not verbose,
    )
    return run(request)
