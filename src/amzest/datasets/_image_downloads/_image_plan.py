"""All images of a table: which exist, which to download, and the manifest."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
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
from amzest.utils import quiet_pillow, require

if TYPE_CHECKING:
    import pandas as pd

    from amzest.datasets._image_downloads._image_queue import ImageQueue, Job

#: Seconds after which the manifest is written again during downloads.
_SAVE_EVERY = 60.0


@dataclass(frozen=True, kw_only=True)
class DownloadPlan:
    """The parameters of `download_images`, and the work."""

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

    def run(
        self, urls: list[str], folder: Path
    ) -> tuple[dict[str, Outcome], pd.DataFrame]:
        """Download the missing images of distinct URLs; return also the manifest."""
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
            # Rows of this table first, then those of earlier calls in their order.
            order = dict.fromkeys([*urls, *earlier])
            rows = {url: known[url] for url in order if url in known}
            return write_manifest(folder, rows)

        try:
            if jobs:
                self._fetch(jobs, folder, outcomes, save)
        finally:
            # Also after an error or Ctrl-C, so that the next call can continue.
            manifest = save()
        return outcomes, manifest

    def _first_step(
        self, url: str, folder: Path, known: Outcome | None, listing: Listing
    ) -> Outcome | Job:
        """Return the known outcome of a URL, or the job to download it."""
        # Modules that need urllib3 are imported late, as it is an optional dependency.
        from amzest.datasets._image_downloads._image_queue import Job

        stem = stem_of(url)
        found = listing.sizes.get(stem, {})
        if known is not None and known.is_ok:
            if known.image in found and found[known.image] == known.n_bytes:
                return known
            # Files of another size than in the manifest have been changed.
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
        if self.retry_failed or known.is_ok or known.is_temporary:
            return False
        return known.status != "private address" or not self.allow_private

    def _fetch(
        self,
        jobs: list[Job],
        folder: Path,
        outcomes: dict[str, Outcome],
        save: Callable[[], Any],
    ) -> None:
        """Add the outcomes of all jobs."""
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
            unit="image",
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
