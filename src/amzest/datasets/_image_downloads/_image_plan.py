"""All photos of a table: what is there, what is to come, what is written down."""

from __future__ import annotations

import importlib.metadata
import math
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from amzest.datasets._image_downloads._image_address import parse_address
from amzest.datasets._image_downloads._image_folder import Listing, list_folder, stem_of
from amzest.datasets._image_downloads._image_manifest import (
    read_manifest,
    write_manifest,
)
from amzest.datasets._image_downloads._image_outcome import Outcome
from amzest.utils import check_choice, check_integer, quiet_pillow, require

if TYPE_CHECKING:
    import pandas as pd

    from amzest.datasets._image_downloads._image_queue import ImageQueue, Job

#: Seconds between two times that the manifest is written while photos come.
_SAVE_EVERY = 60.0
_HEADER = re.compile(r"[ -~]*[!-~][ -~]*")


@dataclass(frozen=True, kw_only=True)
class DownloadPlan:
    """The parameters of :func:`amzest.datasets.download_images`, and the work.

    Parameters
    ----------
    n_connections : int
        Number of requests at a time.

    n_per_host : int
        Number of requests at a time to one host.

    max_attempts : int
        Number of attempts at each photo.

    timeout : float
        Seconds to wait for each piece.

    total_timeout : float
        Seconds for one request.

    max_bytes : int
        Size of the largest file.

    max_pixels : int
        Size of the largest photo.

    allow_private : bool
        Whether hosts may be asked that are not on the public internet.

    retry_failed : bool
        Whether to try again what failed for good.

    user_agent : str or None
        How to introduce oneself.

    progress : bool or None
        Whether to show a progress bar.
    """

    n_connections: int
    n_per_host: int
    max_attempts: int
    timeout: float
    total_timeout: float
    max_bytes: int
    max_pixels: int
    allow_private: bool
    retry_failed: bool
    user_agent: str | None
    progress: bool | None

    def check(self) -> None:
        """Check all parameters.

        Raises
        ------
        TypeError
            If one is of another kind.
        ValueError
            If one is out of range.
        """
        for name in (
            "n_connections",
            "n_per_host",
            "max_attempts",
            "max_bytes",
            "max_pixels",
        ):
            check_integer(name, getattr(self, name), 1)
        for name in ("timeout", "total_timeout"):
            _check_seconds(name, getattr(self, name))
        for name in ("allow_private", "retry_failed"):
            check_choice(name, getattr(self, name), (True, False))
        check_choice("progress", self.progress, (True, False, None))
        agent: Any = self.user_agent
        msg = (
            f"`user_agent` must be one line of ASCII text or None, got {agent!r}. "
            'Pass for example "my-shop/1.0 (me@shop.example)".'
        )
        if agent is not None and not isinstance(agent, str):
            raise TypeError(msg)
        if agent is not None and not _HEADER.fullmatch(agent):
            raise ValueError(msg)

    def run(
        self, urls: list[str], folder: Path
    ) -> tuple[dict[str, Outcome], pd.DataFrame]:
        """Bring what is missing.

        Parameters
        ----------
        urls : list of str
            Distinct addresses.

        folder : Path
            An existing folder.

        Returns
        -------
        outcomes : dict of str to Outcome
            For each address.

        manifest : DataFrame
            As it was written.
        """
        earlier = read_manifest(folder)
        listing = list_folder(folder)
        for part in listing.parts:
            part.unlink(missing_ok=True)
        outcomes: dict[str, Outcome] = {}
        jobs: list[Job] = []
        for url in urls:
            step = self._first_step(url, folder, earlier.get(url), listing)
            if isinstance(step, Outcome):
                outcomes[url] = step
            else:
                jobs.append(step)

        def save() -> pd.DataFrame:
            known = {**earlier, **outcomes}
            # Rows of this table first, then those of earlier calls as they stood.
            order = dict.fromkeys([*urls, *earlier])
            rows = {url: known[url] for url in order if url in known}
            return write_manifest(folder, rows)

        try:
            if jobs:
                self._fetch(jobs, folder, outcomes, save)
        finally:
            manifest = save()
        return outcomes, manifest

    def _first_step(
        self, url: str, folder: Path, known: Outcome | None, listing: Listing
    ) -> Outcome | Job:
        """Say what is known of a photo already, or what is to be done."""
        from amzest.datasets._image_downloads._image_queue import Job

        stem = stem_of(url)
        found = listing.sizes.get(stem, {})
        if known is not None and known.is_ok:
            if known.image in found and found[known.image] == known.n_bytes:
                return known
            # What the manifest does not know in this size is not what once came.
            for name in found:
                (folder / name).unlink()
            found = {}
        if known is not None and not found and self._is_final(known):
            return known
        try:
            return Job(url, stem, parse_address(url), tuple(found))
        except ValueError as error:
            return Outcome("bad url", str(error))

    def _is_final(self, known: Outcome) -> bool:
        if self.retry_failed or known.is_ok or known.is_passing:
            return False
        return known.status != "private address" or not self.allow_private

    def _fetch(
        self,
        jobs: list[Job],
        folder: Path,
        outcomes: dict[str, Outcome],
        save: Callable[[], Any],
    ) -> None:
        """Fill in the outcomes of all jobs."""
        tqdm = require("tqdm", extra="data", purpose="download_images").tqdm
        from amzest.datasets._image_downloads._image_connection import Connections

        connections = Connections(
            timeout=float(self.timeout),
            allow_private=self.allow_private,
            max_idle=self.n_connections,
        )
        bar = tqdm(
            total=len(jobs) + len(outcomes),
            initial=len(outcomes),
            unit="photo",
            disable=None if self.progress is None else not self.progress,
        )
        n_failed = sum(not outcome.is_ok for outcome in outcomes.values())
        saved = monotonic()
        with (
            quiet_pillow(),
            closing(connections),
            bar,
            closing(self._queue(jobs, folder, connections).run()) as settled,
        ):
            for job, outcome in settled:
                outcomes[job.url] = outcome
                n_failed += not outcome.is_ok
                bar.set_postfix_str(f"{n_failed} failed", refresh=False)
                bar.update()
                if monotonic() - saved > _SAVE_EVERY:
                    save()
                    saved = monotonic()

    def _queue(self, jobs: list[Job], folder: Path, connections: Any) -> ImageQueue:
        from amzest.datasets._image_downloads._image_fetcher import ImageFetcher
        from amzest.datasets._image_downloads._image_queue import ImageQueue
        from amzest.datasets._image_downloads._image_request import Requests

        requests = Requests(
            connections=connections,
            user_agent=self.user_agent
            or f"amzest/{importlib.metadata.version('amzest')}",
            timeout=float(self.timeout),
            total_timeout=float(self.total_timeout),
            max_bytes=self.max_bytes,
        )
        return ImageQueue(
            jobs,
            ImageFetcher(folder, requests, self.max_pixels),
            n_connections=self.n_connections,
            n_per_host=self.n_per_host,
            max_attempts=self.max_attempts,
            total_timeout=float(self.total_timeout),
        )


def _check_seconds(name: str, value: Any) -> None:
    if not isinstance(value, Real) or isinstance(value, bool):
        msg = f"`{name}` must be a number of seconds, got {value!r}."
        raise TypeError(msg)
    if not 0 < float(value) < math.inf:
        msg = f"`{name}` must be a positive number of seconds, got {value!r}."
        raise ValueError(msg)
