"""Download one large file, resuming interrupted downloads."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from amzest.utils import require

_N_ATTEMPTS = 5
_PIECE_BYTES = 2**20
_TIMEOUT_S = 60.0
#: Wait before the second attempt, doubled for each further one.
_FIRST_PAUSE_S = 1.0
_TEMPORARY = (408, 425, 429, 500, 502, 503, 504)


def download_file(
    url: str, path: Path, *, purpose: str, progress: bool | None = None
) -> None:
    """Download a file, unless it exists; it appears when it is complete.

    An interrupted download is kept next to it and resumed by the next call.
    """
    if path.exists():
        return
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"The URL must start with http:// or https://, got {url!r}.")
    urllib3 = require("urllib3", extra="data", purpose=purpose)
    path.parent.mkdir(parents=True, exist_ok=True)
    # No browser uses this suffix, so that the file is one of ours.
    part = path.with_name(f"{path.name}.amzest-part")
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(_TIMEOUT_S))
    for attempt in range(_N_ATTEMPTS):
        if attempt:
            time.sleep(_FIRST_PAUSE_S * 2 ** (attempt - 1))
        try:
            _continue(pool, url, part, progress)
            break
        except urllib3.exceptions.HTTPError as error:
            reason = type(error).__name__  # the message describes objects of urllib3
        except _TemporaryError as error:
            reason = str(error)
    else:
        msg = (
            f"{url} could not be downloaded completely in {_N_ATTEMPTS} attempts "
            f"({reason}). The part so far is in {str(part)!r}; call again to resume."
        )
        raise OSError(msg)
    os.replace(part, path)


class _TemporaryError(Exception):
    """A response after which another attempt may succeed."""


def _continue(pool: Any, url: str, part: Path, progress: bool | None) -> None:
    """Download the missing rest of a file."""
    # Identifies the version of the file: the rest of another version is useless.
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
        if answer.status == 416:  # nothing is left to download
            version.unlink()
            if answer.headers.get("Content-Range") == f"bytes */{start}":
                return
            raise _TemporaryError("the file has changed on the server")
        if answer.status in _TEMPORARY:
            raise _TemporaryError(f"the server answered {answer.status}")
        if answer.status not in (200, 206):
            raise OSError(
                f"{url} cannot be downloaded: the server answered {answer.status}. If "
                "the files have moved, pass their new location as base_url."
            )
        if answer.status == 200:  # the whole file
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
