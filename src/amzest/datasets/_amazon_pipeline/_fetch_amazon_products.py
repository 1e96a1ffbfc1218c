"""Fetch Amazon's product metadata, like the datasets of scikit-learn."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sklearn.utils import Bunch
from sklearn.utils._param_validation import StrOptions

from amzest.datasets._amazon_pipeline._amazon_releases import RELEASES
from amzest.datasets._amazon_pipeline._download_file import download_file
from amzest.datasets._amazon_pipeline._prepare_products import prepare_products
from amzest.datasets._amazon_pipeline._prepared_parts import write_whole
from amzest.datasets._image_downloads._download_images import download_images
from amzest.datasets._product_tables._load_products import describe_products
from amzest.utils import require, validate_params

if TYPE_CHECKING:
    import pandas as pd


@validate_params({"release": [StrOptions(set(RELEASES))], "random_state": [int]})
def fetch_amazon_products(
    release: Literal["2014", "2018", "2023"] = "2023",
    *,
    categories: Literal["published"] | str | Sequence[str] = "published",
    n_per_category: int | Literal["smallest"] | None = 1000,
    test_size: float | int = 0.25,
    random_state: int = 0,
    images: bool = False,
    data_home: str | os.PathLike[str] | None = None,
    download_if_missing: bool = True,
    base_url: str | None = None,
    download_options: dict[str, Any] | None = None,
    n_jobs: int | None = None,
    progress: bool | None = None,
    return_X_y: bool = False,
) -> Bunch | tuple[pd.DataFrame, pd.Series]:
    """Load a cleaned table of Amazon products, downloading it if necessary.

    The files that SNAP and the McAuley lab publish are downloaded once, and
    :func:`prepare_products` makes a table from them, which is cached as well. Both
    steps resume after an interruption.

    Parameters
    ----------
    release : {"2014", "2018", "2023"}, default="2023"
        Release to load, of 9, 15 or 48 million products.

    categories : "published", str, or sequence of str, default="published"
        The ten categories of the published experiment, or names of the files of a
        release, such as ``["Musical Instruments", "Toys & Games"]``. The ten categories
        are many GB to download; two small ones are some hundred MB.

    n_per_category : int, "smallest" or None, default=1000
        Number of products of each category. None loads all, which can be millions.

    test_size : float or int, default=0.25
        Fraction or number of test products in `split`.

    random_state : int, default=0
        Controls which products are sampled and how they are split.

    images : bool, default=False
        Whether to download the images of the products. Downloads that failed for a
        temporary reason are tried again by each call.

    data_home : str or path-like, default=None
        Folder for the files, which are in its subfolder `amzest`. None means
        scikit-learn's folder, see :func:`sklearn.datasets.get_data_home`.

    download_if_missing : bool, default=True
        If False, raise an error if a file does not exist instead of downloading it.

    base_url : str, default=None
        URL of the folder with the files of the release, for a mirror. None means the
        original location.

    download_options : dict, default=None
        Further arguments of :func:`download_images`.

    n_jobs : int, default=None
        Number of processes that read, see :func:`prepare_products`.

    progress : bool or None, default=None
        Whether to show progress bars. None shows them on a terminal only.

    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    products : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the attributes:

        data : DataFrame of shape (n_samples, n_columns)
            The columns of :func:`read_amazon_metadata` without the categories, and
            `image`, the absolute path of the image, with ``images=True``.
        target : Series of shape (n_samples,)
            The category.
        split : Series of shape (n_samples,)
            "train" or "test". Near-duplicates are never on both sides.
        frame : DataFrame
            `data`, `target` and `split` together.
        target_names : list of str
            The sorted categories.
        feature_names : list of str
            The columns of `data`.
        filename : str
            Path of the table.
        report : str
            Summary of all steps.
        DESCR : str
            Short description of the dataset.

    data, target : tuple of (DataFrame, Series)
        Only with ``return_X_y=True``.

    Raises
    ------
    OSError
        If a file cannot be downloaded, or does not exist with
        ``download_if_missing=False``.
    ValueError
        If an argument is invalid, or as :func:`prepare_products`.
    ImportError
        If the packages of the extra `data` are not installed.

    See Also
    --------
    prepare_products : The same for local files.
    amzest.load_products : Loads your own table.

    Notes
    -----
    No checksums are published for these files. A file is complete when all bytes that
    the server announced were received; gzip's own checksum is verified when it is read.

    The products belong to their owners. For the terms of use and what to cite, see the
    pages of the releases and :func:`read_amazon_metadata`.

    Examples
    --------
    >>> from amzest.datasets import fetch_amazon_products
    >>> products = fetch_amazon_products(
    ...     "2023", categories=["Musical Instruments", "Toys & Games"]
    ... )  # doctest: +SKIP
    >>> X, y = products.data, products.target  # doctest: +SKIP
    """
    # Late: sklearn.datasets takes longer to import than all of amzest.
    from sklearn.datasets import get_data_home

    published = RELEASES[release]
    paths = published.paths(categories)
    require("pyarrow", extra="data", purpose="fetch_amazon_products")
    home = Path(get_data_home(data_home), "amzest", f"amazon-{release}")
    image_folder = home / "images"
    choice = [paths, n_per_category, test_size, random_state, images]
    digest = hashlib.sha256(json.dumps(choice).encode()).hexdigest()[:12]
    table = home / f"products-{digest}.parquet"
    described = table.with_suffix(".txt")
    options = {"progress": progress, **(download_options or {})}
    if not described.exists():
        files = _fetch_files(
            home / "raw",
            paths,
            base_url or published.base_url,
            download_if_missing,
            progress,
        )
        report = prepare_products(
            files,
            table,
            categories="published" if categories == "published" else None,
            n_per_category=n_per_category,
            test_size=test_size,
            random_state=random_state,
            images=image_folder if images else None,
            download_options=options,
            on_error="skip",
            n_jobs=n_jobs,
            progress=progress,
            overwrite=True,  # its name is a digest of the arguments
        )
        write_whole(described, f"{report}\n".encode())
    folder = image_folder if images else None
    frame = _read_table(table, folder, download_if_missing, options)
    return _as_bunch(frame, table, described.read_text(encoding="utf-8"), return_X_y)


def _fetch_files(
    folder: Path,
    paths: Sequence[str],
    base_url: str,
    download_if_missing: bool,
    progress: bool | None,
) -> list[Path]:
    """Download the raw files that do not exist."""
    files = [folder / path.rpartition("/")[2] for path in paths]
    missing = [file for file in files if not file.exists()]
    if missing and not download_if_missing:
        msg = (
            f"{str(missing[0])!r} does not exist, and download_if_missing is False. "
            "Pass download_if_missing=True, or copy the files there."
        )
        raise OSError(msg)
    for path, file in zip(paths, files, strict=True):
        download_file(
            f"{base_url.rstrip('/')}/{path}",
            file,
            purpose="fetch_amazon_products",
            progress=progress,
        )
    return files


def _read_table(
    table: Path, folder: Path | None, download: bool, options: dict[str, Any]
) -> pd.DataFrame:
    """Read a cached table, with absolute paths of its images."""
    import pandas as pd

    frame = pd.read_parquet(table)
    if folder is not None:
        if download:  # images that failed before
            frame, _ = download_images(frame, folder, **options)
        paths = frame["image"].map(lambda path: str(folder / path), na_action="ignore")
        frame["image"] = paths.astype(frame["image"].dtype)
    return frame


def _as_bunch(
    frame: pd.DataFrame, table: Path, report: str, return_X_y: bool
) -> Bunch | tuple[pd.DataFrame, pd.Series]:
    data = frame.drop(columns=["category", "category_path", "split"])
    target = frame["category"]
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        split=frame["split"],
        frame=frame,
        target_names=sorted(target.unique()),
        feature_names=list(data.columns),
        filename=str(table),
        report=report,
        DESCR=describe_products(table, data, target, loaded_by="fetch_amazon_products"),
    )
