"""One attempt at one photo: find or ask for it, decode it, write it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from amzest.datasets._image_downloads._image_check import check_image
from amzest.datasets._image_downloads._image_connection import Exchange
from amzest.datasets._image_downloads._image_folder import write_whole
from amzest.datasets._image_downloads._image_outcome import Outcome
from amzest.datasets._image_downloads._image_queue import Job, Result
from amzest.datasets._image_downloads._image_request import Requests


@dataclass(frozen=True, slots=True)
class ImageFetcher:
    """What a thread does with a job.

    Parameters
    ----------
    folder : Path
        Where photos go.

    requests : Requests
        How they are asked for.

    max_pixels : int
        Number of pixels of the largest photo that is decoded.
    """

    folder: Path
    requests: Requests
    max_pixels: int

    def __call__(self, job: Job, exchange: Exchange) -> Result:
        """Make one attempt.

        Parameters
        ----------
        job : Job
            Which photo.

        exchange : Exchange
            By which another thread can end the request.

        Returns
        -------
        Result
            What came of it. Errors of the disk are raised.
        """
        found = self._find(job)
        if found is not None:
            return Result(found)
        answer = self.requests.send(job.address, exchange)
        if answer.body is None:
            return Result(answer.failure, answer.redirect, answer.retry_after)
        outcome = self._check(answer.body, job)
        if outcome.image is not None:
            write_whole(self.folder / outcome.image, answer.body)
        return Result(outcome)

    def _find(self, job: Job) -> Outcome | None:
        """Look at files of earlier calls; one that is whole is the photo."""
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
