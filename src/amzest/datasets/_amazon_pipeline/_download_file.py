"""Download one large file: resumed where it was cut off, complete or not there."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from amzest.utils import require

_N_ATTEMPTS = 5
_PIECE_BYTES = 2**20
_TIMEOUT_S = 60.0
#: Wait before each new attempt, doubled from one to the next.
_FIRST_PAUSE_S = 1.0
_PASSING = (408, 425, 429, 500, 502, 503, 504)


def download_file(
    url: str, path: Path, *, purpose: str, progress: bool | None = None
) -> None:
    """Download a file, unless it is there.

    Parameters
    ----------
    url : str
        Where it is; http or https.

    path : Path
        Where to put it. It appears there whole or not at all; what came of it before
        an interruption lies beside it and is continued by the next call.

    purpose : str
        Function that needs it, for the message about a missing package.

    progress : bool or None, default=None
        Whether to show a progress bar; None means on a terminal only.

    Raises
    ------
    ValueError
        If `url` is of another kind.
    OSError
        If the file is not there, or did not come whole in 5 attempts.
    """
    if path.exists():
        return
    if not url.startswith(("http://", "https://")):
        raise ValueError(
            f"The address must start with http:// or https://, got {url!r}."
        )
    urllib3 = require("urllib3", extra="data", purpose=purpose)
    path.parent.mkdir(parents=True, exist_ok=True)
    # No browser calls an unfinished download like this: it is none but ours.
    part = path.with_name(f"{path.name}.amzest-part")
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(_TIMEOUT_S))
    for attempt in range(_N_ATTEMPTS):
        if attempt:
            time.sleep(_FIRST_PAUSE_S * 2 ** (attempt - 1))
        try:
            _continue(pool, url, part, progress)
            break
        except urllib3.exceptions.HTTPError as error:
            reason = type(error).__name__  # the rest of it is about objects
        except _Passing as error:
            reason = str(error)
    else:
        msg = (
            f"{url} did not come whole in {_N_ATTEMPTS} attempts ({reason}). What came "
            f"is in {str(part)!r}; call again to go on from there."
        )
        raise OSError(msg)
    os.replace(part, path)


class _Passing(Exception):
    """An answer that may be another one in a while."""


def _continue(pool: Any, url: str, part: Path, progress: bool | None) -> None:
    """Fetch what is still missing of a file."""
    # What tells versions of the file apart: the rest of another one is of no use.
    version = part.with_name(f"{part.name}-version")
    start = part.stat().st_size if part.exists() and version.exists() else 0
    headers = {"Accept-Encoding": "identity", "User-Agent": "amzest"}
    if start:
        headers["Range"] = f"bytes={start}-"
        headers["If-Range"] = version.read_text(encoding="utf-8")
    answer = pool.request(
        "GET", url, headers=headers, preload_content=False, retries=False, redirect=True
    )
    try:
        if answer.status == 416:  # there is nothing after what came
            version.unlink()
            if answer.headers.get("Content-Range") == f"bytes */{start}":
                return
            raise _Passing("the file has changed on the server")
        if answer.status in _PASSING:
            raise _Passing(f"the server answered {answer.status}")
        if answer.status not in (200, 206):
            raise OSError(
                f"{url} cannot be downloaded: the server answered {answer.status}. If "
                "the files have moved, pass their new place as base_url."
            )
        if answer.status == 200:  # from the start
            start = 0
            version.unlink(missing_ok=True)
            tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
            if tag and not tag.startswith("W/"):
                version.write_text(tag, encoding="utf-8")
        length = int(answer.headers.get("Content-Length") or 0)
        with (
            open(part, "ab" if start else "wb") as file,
            _bar(url, start, length, progress) as bar,
        ):
            for piece in answer.stream(_PIECE_BYTES, decode_content=False):
                file.write(piece)
                bar.update(len(piece))
        version.unlink(missing_ok=True)
    finally:
        answer.release_conn()
        answer.close()


def _bar(url: str, start: int, length: int, progress: bool | None) -> Any:
    tqdm = require("tqdm.auto", extra="data", purpose="fetch_amazon_products").tqdm
    return tqdm(
        desc=url.rpartition("/")[2],
        initial=start,
        total=start + length if length else None,
        unit="B",
        unit_scale=True,
        unit_divisor=1024,
        disable=None if progress is None else not progress,
    )
