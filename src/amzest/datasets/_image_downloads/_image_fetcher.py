"""One attempt at one image: find or request it, decode it, write it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from amzest.datasets._image_downloads._image_check import check_image
from amzest.datasets._image_downloads._image_connection import Exchange
from amzest.datasets._image_downloads._image_folder import write_whole
from amzest.datasets._image_downloads._image_outcome import Outcome, Result
from amzest.datasets._image_downloads._image_queue import Job
from amzest.datasets._image_downloads._image_request import Requests


@dataclass(frozen=True, slots=True)
class ImageFetcher:
    """Makes the attempt of a job, called in a thread."""

    folder: Path
    requests: Requests
    max_pixels: int

    def __call__(self, job: Job, exchange: Exchange) -> Result:
        """Make one attempt. Errors of writing files are raised."""
        found = self._find(job)
        if found is not None:
            return Result(found)
        result = self.requests.send(job.address, exchange)
        if result.body is None:
            return result
        outcome = self._check(result.body, job)
        if outcome.image is not None:
            write_whole(self.folder / outcome.image, result.body)
        return Result(outcome)

    def _find(self, job: Job) -> Outcome | None:
        """Return the outcome of a complete earlier file; remove damaged ones."""
        # After a crash before the manifest was written, files are there without a row.
        whole = None
        for name in job.found:
            path = self.folder / name
            outcome = self._check(path.read_bytes(), job)
            if whole is None and outcome.image == name:
                whole = outcome
            else:
                path.unlink()
        return whole

    def _check(self, data: bytes, job: Job) -> Outcome:
        return check_image(data, stem=job.stem, max_pixels=self.max_pixels)
