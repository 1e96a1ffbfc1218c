"""Download the images of a product table into a folder."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Hashable
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING

from amzest.datasets._image_downloads._image_plan import DownloadPlan
from amzest.datasets._shared._constraints import POSITIVE_INTEGER, NumberInterval
from amzest.datasets._shared._key_columns import check_unique_column, find_column
from amzest.datasets._shared._missing_images import is_missing_image
from amzest.datasets._shared._row_listing import cell_type_error, list_rows
from amzest.utils import (
    as_frame,
    check_installed,
    count,
    replace_columns,
    shown,
    validate_params,
)

if TYPE_CHECKING:
    import pandas as pd

_SECONDS = NumberInterval(Real, 0, math.inf, closed="neither")
_HEADER = re.compile(r"[ -~]*[!-~][ -~]*")


@validate_params(
    {
        "folder": [str, os.PathLike],
        "n_connections": [POSITIVE_INTEGER],
        "n_per_host": [POSITIVE_INTEGER],
        "max_attempts": [POSITIVE_INTEGER],
        "timeout": [_SECONDS],
        "total_timeout": [_SECONDS],
        "max_bytes": [POSITIVE_INTEGER],
        "max_pixels": [POSITIVE_INTEGER],
        "allow_private": ["boolean"],
        "retry_failed": ["boolean"],
        "user_agent": [str, None],
        "progress": ["boolean", None],
    }
)
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
    """Download the images whose URLs are in a table.

    Several images are downloaded at a time, decoded once to check that they are
    complete, and written to `folder` together with a manifest of all outcomes. An image
    that cannot be downloaded is a missing cell, never an error. Called again, also
    after a crash, the function downloads only what is missing.

    Parameters
    ----------
    frame : DataFrame of shape (n_samples, n_columns)
        The table, of pandas, polars or pyarrow. It is not changed.

    folder : str or path-like
        Folder of the images. It is created if it does not exist, and must not be used
        by two calls at a time. Calls for other tables may share it.

    url_column : hashable, default="image_url"
        Column of URLs. Empty cells and Amazon's `no-img` placeholder are missing
        images. A URL that occurs in several rows is requested once.

    image_column : hashable, default="image"
        Column of paths to add to the table; an existing one is replaced.

    n_connections : int, default=16
        Number of requests at a time.

    n_per_host : int, default=8
        Number of requests at a time to one host name.

    max_attempts : int, default=5
        Number of attempts for each image. Time-outs, lost connections, damaged images
        and the status codes 408, 425, 429 and 500 and above are retried, after pauses
        of 0.5, 1, 2, ... seconds, plus or minus a quarter. A host that sends
        `Retry-After` gets no request for that time. No pause is longer than 120
        seconds.

    timeout : float, default=15.0
        Seconds to wait for a connection, and then for each part of a response.

    total_timeout : float, default=120.0
        Seconds for one request and its whole response.

    max_bytes : int, default=20971520
        Maximum size of a file, in bytes (20 MiB). Larger ones are not read further.

    max_pixels : int, default=50000000
        Maximum width times height of an image that is decoded. Pillow's own limit,
        twice ``PIL.Image.MAX_IMAGE_PIXELS``, applies as well.

    allow_private : bool, default=False
        Whether to allow hosts that are not on the public internet: this machine and
        private networks. Use it only for tables that you trust. Link-local addresses
        and metadata servers of clouds are never allowed, as any server may redirect to
        them.

    retry_failed : bool, default=False
        Whether to retry permanent failures of earlier calls, for example after raising
        `max_bytes`. Temporary failures are always retried.

    user_agent : str or None, default=None
        Header `User-Agent`. None means the name and version of amzest; it is good
        practice to include a contact address.

    progress : bool or None, default=None
        Whether to show a progress bar on standard error. None shows it if standard
        error is a terminal.

    Returns
    -------
    frame : DataFrame of shape (n_samples, n_columns + 1)
        A copy of the table, of the same library, with `image_column`: paths below
        `folder`, with slashes, dtype str, missing where there is no image. Pass
        `folder` as the `image_root` of estimators.

    manifest : DataFrame of shape (n_urls, 9)
        The contents of `manifest.parquet` in `folder`: one row per URL, those of
        `frame` in order of first occurrence, then those of earlier calls. Columns, of
        dtype str unless noted:

        - `image_url`: the URL, without surrounding whitespace;
        - `image`: path below `folder`;
        - `status`: "ok" or a kind of failure, see Notes;
        - `reason`: a sentence about the failure;
        - `format`: name in Pillow, "AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG",
          "PPM", "TIFF" or "WEBP";
        - `width`, `height`: pixels, dtype Int64;
        - `n_bytes`: size of the file, dtype Int64;
        - `sha256`: hash of the file.

        Without an image all but `image_url`, `status` and `reason` are missing.

    Raises
    ------
    ValueError
        If a column does not exist, a parameter is out of range, `folder` is a file, or
        its manifest cannot be read.
    TypeError
        If a URL is not a string, or a parameter has the wrong type.
    OSError
        If a file cannot be written.
    ImportError
        If one of urllib3, Pillow, pyarrow and tqdm is not installed.

    See Also
    --------
    amzest.load_products : Load a table with its images and check both.

    Notes
    -----
    Temporary failures have the status "time-out", "unreachable", "cut off", "server
    error" or "given up" (a host failed 100 times in a row: the rest of its images is
    left for the next call). Permanent ones have "not found", "http error", "tls error",
    "redirects" (more than 5), "bad url", "private address" (retried with
    ``allow_private=True``), "too large", "too many pixels", "not an image" and "broken
    image".

    The file of an image is named after its URL only: 20 hexadecimal digits of the
    SHA-256 of the URL, in one of 256 subfolders, with the suffix of the format of its
    content; the content type that the server states is ignored. Files are written under
    another name and renamed when they are complete. A file that is in the manifest with
    its size is used as it is, another one is decoded again. The manifest is written
    every minute and at the end, also after an error or Ctrl-C. It contains nothing that
    differs between runs.

    Only http and https are supported, to any port, without a proxy. The IP addresses of
    a host name are checked before connecting, again for each redirect, and the
    connection goes to the address that was checked. URLs with a user name are invalid.
    Resolving a host name is limited by the time-outs of the system only.
    ``robots.txt`` is not read: it is up to you whether the images may be downloaded.

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
    [['bad url', 'The URL does not start with http:// or https://.']]
    """
    import pandas as pd

    for name in ("PIL", "pyarrow", "tqdm", "urllib3"):
        check_installed(name, extra="data", purpose="download_images")
    table, frame = frame, as_frame(frame)
    urls = _find_urls(frame, url_column, image_column)
    _check_user_agent(user_agent)
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
    distinct = list(dict.fromkeys(url for url in urls if url is not None))
    outcomes, manifest = plan.run(distinct, _make_folder(folder))
    paths = [None if url is None else outcomes[url].image for url in urls]
    if table is not frame:
        return replace_columns(table, {str(image_column): paths}), manifest
    frame = frame.copy()
    frame[image_column] = pd.Series(paths, dtype="str").array
    return frame, manifest


def _check_user_agent(user_agent: str | None) -> None:
    if user_agent is not None and not _HEADER.fullmatch(user_agent):
        msg = (
            f"`user_agent` must be one line of ASCII text, got {shown(user_agent)}. "
            'Pass for example "my-shop/1.0 (me@shop.example)".'
        )
        raise ValueError(msg)


def _find_urls(
    frame: pd.DataFrame, url_column: Hashable, image_column: Hashable
) -> list[str | None]:
    """Return the URL of each row without surrounding whitespace, None if missing."""
    cells = list(find_column(frame, url_column, "url_column"))
    check_unique_column(frame, image_column, "image_column")
    if image_column == url_column:
        msg = (
            f"`image_column` and `url_column` are both {shown(url_column)}. Pass "
            "another name as image_column, so that the URLs are kept."
        )
        raise ValueError(msg)
    name = str(url_column)
    cells = [None if is_missing_image(cell) else cell for cell in cells]
    wrong = [row for row, cell in enumerate(cells) if not isinstance(cell, str | None)]
    if wrong:
        advice = (
            "Each cell must hold the URL of one image; frame.explode() makes a row of "
            "each item of a list."
        )
        raise cell_type_error(name, "is not a string", wrong, cells, advice)
    urls = [None if cell is None else str(cell).strip() for cell in cells]
    wrong = [row for row, url in enumerate(urls) if url and not _is_unicode(url)]
    if wrong:
        msg = (
            f"`{name}` is not valid Unicode in {count(len(wrong), 'row')}: "
            f"{list_rows(wrong, [urls[row] for row in wrong])}. Read the table with "
            "its encoding."
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
