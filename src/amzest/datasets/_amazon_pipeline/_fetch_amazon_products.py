"""Fetch Amazon's published product metadata, in the manner of scikit-learn."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sklearn.utils import Bunch

from amzest.datasets._amazon_pipeline._amazon_releases import RELEASES
from amzest.datasets._amazon_pipeline._download_file import download_file
from amzest.datasets._amazon_pipeline._prepare_products import prepare_products
from amzest.datasets._amazon_pipeline._prepared_parts import write_whole
from amzest.datasets._image_downloads._download_images import download_images
from amzest.datasets._product_tables._load_products import describe_products
from amzest.utils import check_choice, require

if TYPE_CHECKING:
    import pandas as pd


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
    """Load a clean table of Amazon's products, downloading it if necessary.

    The files that SNAP and the McAuley lab publish are downloaded once, and
    :func:`prepare_products` makes a table of them, which is kept as well. Both
    go on where they were interrupted.

    Parameters
    ----------
    release : {"2014", "2018", "2023"}, default="2023"
        Which release: 9, 15 or 48 million products.

    categories : "published", str, or sequence of str, default="published"
        The published experiment's ten categories, or names of the files of a release,
        such as ``["Musical Instruments", "Toys & Games"]``. The ten need many GB of
        downloads; two small categories need some hundred MB.

    n_per_category : int, "smallest" or None, default=1000
        Number of products of each category; None means all, which can be millions.

    test_size : float or int, default=0.25
        Share or number of products that `split` says "test" of.

    random_state : int, default=0
        What decides which products are drawn and how they are split.

    images : bool, default=False
        Whether to download the photos of the products in the table. Photos that
        failed for a passing reason are tried again by each call.

    data_home : str or path-like, default=None
        Folder for the files; those of amzest are in `amzest` below it. None means
        scikit-learn's, see :func:`sklearn.datasets.get_data_home`.

    download_if_missing : bool, default=True
        If False, raise an error if a file is not there, in place of downloading it.

    base_url : str, default=None
        Folder on the web that the files of the release are in, for a mirror. None
        means where they are published.

    download_options : dict, default=None
        Further arguments of :func:`download_images`.

    n_jobs : int, default=None
        Number of files that are read at the same time, see :func:`prepare_products`.

    progress : bool or None, default=None
        Whether to show progress bars. None means on a terminal only.

    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    products : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the attributes:

        data : DataFrame of shape (n_samples, n_columns)
            The columns of :func:`read_amazon_metadata` without the categories, and
            `image`, the absolute path of the photo, with ``images=True``.
        target : Series of shape (n_samples,)
            The category.
        split : Series of shape (n_samples,)
            "train" or "test"; near-equal products are never on both sides.
        frame : DataFrame
            All of it.
        target_names : list of str
            The categories, sorted.
        feature_names : list of str
            The columns of `data`.
        filename : str
            Path of the table.
        report : str
            What came of the published lines.
        DESCR : str
            What was loaded, in a few lines.

    data, target : tuple of (DataFrame, Series)
        Only with ``return_X_y=True``.

    Raises
    ------
    OSError
        If a file cannot be downloaded, or is not there with
        ``download_if_missing=False``.
    ValueError
        If an argument is wrong, or as :func:`prepare_products`.
    ImportError
        If the packages of the extra `data` are not installed.

    See Also
    --------
    prepare_products : The same for files at hand.
    amzest.load_products : Loads a table of your own.

    Notes
    -----
    No checksums are published for these files. A file counts as complete when all the
    bytes came that the server announced; damage within shows in gzip's own checksum
    when it is read.

    The products belong to their owners; the pages of the releases say how they may be
    used and what to cite, see :func:`read_amazon_metadata`.

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

    check_choice("release", release, tuple(RELEASES))
    published = RELEASES[release]
    paths = published.paths(categories)
    if isinstance(random_state, bool) or not isinstance(random_state, int):
        raise TypeError(f"`random_state` must be an int, got {random_state!r}.")
    require("pyarrow", extra="data", purpose="fetch_amazon_products")
    home = Path(get_data_home(data_home), "amzest", f"amazon-{release}")
    photos = home / "images"
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
            images=photos if images else None,
            download_options=options,
            on_error="skip",
            n_jobs=n_jobs,
            progress=progress,
            overwrite=True,  # named by a digest, it is nobody else's
        )
        write_whole(described, f"{report}\n".encode())
    frame = _read_table(table, photos if images else None, download_if_missing, options)
    return _as_bunch(frame, table, described.read_text(encoding="utf-8"), return_X_y)


def _fetch_files(
    folder: Path,
    paths: Sequence[str],
    base_url: str,
    download_if_missing: bool,
    progress: bool | None,
) -> list[Path]:
    """Download the raw files that are not there."""
    files = [folder / path.rpartition("/")[2] for path in paths]
    missing = [file for file in files if not file.exists()]
    if missing and not download_if_missing:
        msg = (
            f"{str(missing[0])!r} is not there, and download_if_missing is False. Pass "
            "download_if_missing=True, or put the files there."
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
    table: Path, photos: Path | None, download: bool, options: dict[str, Any]
) -> pd.DataFrame:
    """Read a table that was made before, and its photos as absolute paths."""
    import pandas as pd

    frame = pd.read_parquet(table)
    if photos is not None:
        if download:  # what did not come before
            frame, _ = download_images(frame, photos, **options)
        paths = frame["image"].map(lambda path: str(photos / path), na_action="ignore")
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
