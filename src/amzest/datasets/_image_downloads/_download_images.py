"""Bring the photos of a product table into a folder."""

from __future__ import annotations

import os
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amzest.datasets._image_downloads._image_plan import DownloadPlan
from amzest.datasets._product_tables._photo_column import is_no_photo
from amzest.datasets._shared._row_listing import list_rows
from amzest.utils import as_frame, check_installed, count, replace_columns

if TYPE_CHECKING:
    import pandas as pd


def download_images(
    frame: pd.DataFrame,
    folder: str | os.PathLike[str],
    *,
    url_column: Hashable = "image_url",
    image_column: Hashable = "image",
    n_connections: int = 16,
    n_per_host: int = 8,
    max_attempts: int = 5,
    timeout: float = 15.0,
    total_timeout: float = 120.0,
    max_bytes: int = 20 * 1024 * 1024,
    max_pixels: int = 50_000_000,
    allow_private: bool = False,
    retry_failed: bool = False,
    user_agent: str | None = None,
    progress: bool | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Download the photos that a table names by web address.

    Photos come several at a time, are decoded once to see that they are whole, and go
    into `folder` together with a manifest that says what came and why the rest did
    not. A photo that cannot be had is a missing cell, never an error. Called again,
    also after it was killed, the function fetches only what is missing.

    Parameters
    ----------
    frame : DataFrame of shape (n_samples, n_columns)
        The table, of pandas, polars or pyarrow. It is not changed.

    folder : str or path-like
        Where the photos go. It is made if it does not exist, and serves one call at a
        time. Calls for other tables may share it.

    url_column : hashable, default="image_url"
        Column of addresses. Empty cells and Amazon's `no-img` placeholder are rows
        without a photo. An address that stands in several rows is fetched once.

    image_column : hashable, default="image"
        Column of paths that is added to the table; one that is there is replaced.

    n_connections : int, default=16
        Number of requests at a time.

    n_per_host : int, default=8
        Number of requests at a time to one host, counted by its name.

    max_attempts : int, default=5
        Number of attempts at each photo. Attempts after the first follow time-outs,
        lost connections, damaged photos, and the answers 408, 425, 429 and 500 and
        above; before them come pauses of 0.5, 1, 2, ... seconds, give or take a
        quarter. A host that sends `Retry-After` gets no request for that time. No
        pause is longer than 120 seconds.

    timeout : float, default=15.0
        Seconds to wait for a connection, and then for each piece of an answer.

    total_timeout : float, default=120.0
        Seconds for one request and its answer, however steadily it trickles.

    max_bytes : int, default=20971520
        Size of the largest file that is kept, in bytes (20 MiB). Of a larger one no
        more than that is read.

    max_pixels : int, default=50000000
        Width times height of the largest photo that is decoded. Pillow's own limit,
        twice ``PIL.Image.MAX_IMAGE_PIXELS``, holds as well.

    allow_private : bool, default=False
        Whether hosts may be asked that are not on the public internet: this machine
        and private networks. Only for tables that you trust. Link-local addresses and
        the metadata servers of clouds are never asked, for any server may redirect
        there.

    retry_failed : bool, default=False
        Whether to try again what failed for good in an earlier call, for example
        after raising `max_bytes`. Failures that pass are always tried again.

    user_agent : str or None, default=None
        How to introduce oneself to servers. None means the name and version of
        amzest; an address where you can be reached is good manners.

    progress : bool or None, default=None
        Whether to show a progress bar on standard error. None means only if that is
        a terminal.

    Returns
    -------
    frame : DataFrame of shape (n_samples, n_columns + 1)
        A copy of the table, of its kind, with `image_column`: paths below `folder`,
        with slashes, dtype str, missing where there is no photo. Pass `folder` as the
        estimators' `image_root`.

    manifest : DataFrame of shape (n_urls, 9)
        What is written to `manifest.parquet` in `folder`: one row for each address,
        those of `frame` in the order in which they first stand there, then those of
        earlier calls. Columns, dtype str except where said:

        - `image_url`: the address, without blanks around it;
        - `image`: path below `folder`;
        - `status`: "ok" or a kind of failure, see Notes;
        - `reason`: a sentence about the failure;
        - `format`: as Pillow calls it, "AVIF", "BMP", "GIF", "JPEG", "JPEG2000",
          "PNG", "PPM", "TIFF" or "WEBP";
        - `width`, `height`: pixels, dtype Int64;
        - `n_bytes`: size of the file, dtype Int64;
        - `sha256`: digest of the file.

        Without a photo all but `image_url`, `status` and `reason` are missing.

    Raises
    ------
    ValueError
        If a column does not exist, an argument is out of range, `folder` is a file, or
        its manifest cannot be read.
    TypeError
        If an address is no text, or an argument is of another kind than expected.
    OSError
        If a file cannot be written.
    ImportError
        If one of urllib3, Pillow, pyarrow and tqdm is not installed.

    See Also
    --------
    amzest.load_products : Read a table with its photos and check both.

    Notes
    -----
    Failures that pass have the status "time-out", "unreachable", "cut off", "server
    error" or "given up" (a host that failed 100 times in a row: what is left of it
    waits for the next call). Those for good are "not found", "http error", "tls
    error", "redirects" (more than 5), "bad url", "private address" (tried again with
    ``allow_private=True``), "too large", "too many pixels", "not an image" and "broken
    image".

    The file of a photo is named after its address alone: 20 hexadecimal digits of the
    address' SHA-256, in one of 256 subfolders, with the suffix of the format that was
    found in it; what the server says about its type is not believed. Files are
    written under another name and renamed when they are complete. A file that the
    manifest lists with its size is taken as it is, one that it does not list is decoded
    again. The manifest is written every minute and at the end, also on an error or
    Ctrl-C. It holds nothing that differs from run to run.

    Only http and https are spoken, by way of no proxy, to any port. The addresses that
    a host name stands for are looked at before connecting, for each redirect anew, and
    the connection goes to what was looked at. Addresses with a user name are refused.
    Looking up a host name is bound by the time limits of the system alone. What
    ``robots.txt`` says is not read: whether photos may be fetched is yours to know.

    Examples
    --------
    >>> import pandas as pd
    >>> from tempfile import TemporaryDirectory
    >>> from amzest.datasets import download_images
    >>> products = pd.DataFrame(
    ...     {
    ...         "title": ["Mug", "Cup"],
    ...         "image_url": [None, "ftp://shop.example/cup.jpg"],
    ...     }
    ... )
    >>> with TemporaryDirectory() as folder:
    ...     products, manifest = download_images(products, folder)
    >>> products["image"].isna().tolist()
    [True, True]
    >>> manifest[["status", "reason"]].values.tolist()
    [['bad url', 'The address does not start with http:// or https://.']]
    """
    import pandas as pd

    for name in ("PIL", "pyarrow", "tqdm", "urllib3"):
        check_installed(name, extra="data", purpose="download_images")
    given = frame
    frame = as_frame(given)
    _check_frame(frame, url_column, image_column)
    plan = DownloadPlan(
        n_connections=n_connections,
        n_per_host=n_per_host,
        max_attempts=max_attempts,
        timeout=timeout,
        total_timeout=total_timeout,
        max_bytes=max_bytes,
        max_pixels=max_pixels,
        allow_private=allow_private,
        retry_failed=retry_failed,
        user_agent=user_agent,
        progress=progress,
    )
    plan.check()
    urls = _read_urls(list(frame[url_column]), url_column)
    distinct = list(dict.fromkeys(url for url in urls if url is not None))
    outcomes, manifest = plan.run(distinct, _make_folder(folder))
    paths = [None if url is None else outcomes[url].image for url in urls]
    if given is not frame:
        return replace_columns(given, {str(image_column): paths}), manifest
    frame = frame.copy()
    frame[image_column] = pd.Series(paths, dtype="str").array
    return frame, manifest


def _check_frame(frame: Any, url_column: Hashable, image_column: Hashable) -> None:
    names = list(frame.columns)
    if names.count(url_column) != 1:
        fault = "has no column" if url_column not in names else "has twice the column"
        msg = (
            f"`frame` {fault} {url_column!r} (url_column). Available: "
            f"{', '.join(map(repr, names))}. Pass url_column= the one with addresses."
        )
        raise ValueError(msg)
    if names.count(image_column) > 1:
        msg = (
            f"`frame` has twice the column {image_column!r} (image_column). Pass "
            "image_column= another name."
        )
        raise ValueError(msg)
    if image_column == url_column:
        msg = (
            f"`image_column` and `url_column` are both {url_column!r}. Pass "
            "image_column= another name, so that the addresses are kept."
        )
        raise ValueError(msg)


def _read_urls(cells: list[Any], name: Hashable) -> list[str | None]:
    """Give the addresses without blanks around them; None where there is none."""
    cells = [None if is_no_photo(cell) else cell for cell in cells]
    wrong = [
        row
        for row, cell in enumerate(cells)
        if cell is not None and not isinstance(cell, str)
    ]
    if wrong:
        kinds = [type(cells[row]).__name__ for row in wrong]
        msg = (
            f"`{name}` is no text in {count(len(wrong), 'row')}: "
            f"{list_rows(wrong, kinds)}. Put the address of one photo into each cell; "
            "frame.explode() makes a row of each entry of a list."
        )
        raise TypeError(msg)
    urls = [None if cell is None else str(cell).strip() for cell in cells]
    wrong = [row for row, url in enumerate(urls) if url and not _is_unicode(url)]
    if wrong:
        msg = (
            f"`{name}` is no valid Unicode in {count(len(wrong), 'row')}: "
            f"{list_rows(wrong, [urls[row] for row in wrong])}. Read the table with "
            "the encoding it was written in."
        )
        raise ValueError(msg)
    return urls


def _is_unicode(url: str) -> bool:
    try:
        url.encode()
    except UnicodeEncodeError:
        return False
    return True


def _make_folder(folder: str | os.PathLike[str]) -> Path:
    path = Path(folder).expanduser().absolute()
    if path.exists() and not path.is_dir():
        msg = f"`folder` {str(path)!r} is a file. Pass the path of a folder."
        raise ValueError(msg)
    path.mkdir(parents=True, exist_ok=True)
    return path
