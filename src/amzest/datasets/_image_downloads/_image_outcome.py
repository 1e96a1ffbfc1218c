"""The outcome of one URL: an image, or a kind of failure."""

from __future__ import annotations

import http
from dataclasses import dataclass

from amzest.datasets._image_downloads._image_address import Address

#: Temporary failures, which the next call tries again.
TEMPORARY = frozenset(
    {"cut off", "given up", "server error", "time-out", "unreachable"}
)
#: Temporary failures besides 500 and above: time-out, too early, too many requests.
_TRY_LATER = (408, 425, 429)
_GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row of the manifest, without its URL.

    With status "ok" all but `reason` are set, otherwise only `reason`. `image` is a
    path below the folder, `format` a name of Pillow, `sha256` hexadecimal.
    """

    status: str
    reason: str | None = None
    image: str | None = None
    format: str | None = None
    width: int | None = None
    height: int | None = None
    n_bytes: int | None = None
    sha256: str | None = None

    @property
    def is_ok(self) -> bool:
        """Whether there is an image."""
        return self.status == "ok"

    @property
    def is_temporary(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in TEMPORARY


@dataclass(frozen=True, slots=True)
class Result:
    """Result of one attempt: an outcome, a redirect, or the body of a response."""

    outcome: Outcome | None = None
    redirect: Address | None = None
    #: Seconds for which the host asks not to be contacted.
    retry_after: float | None = None
    body: bytes | None = None


def status_failure(code: int) -> Outcome:
    """Return the failure for a status code of HTTP other than 200."""
    try:
        # Not the phrase that the server sent, which may be any text.
        phrase = f" ({http.HTTPStatus(code).phrase})"
    except ValueError:
        phrase = ""
    reason = f"The server responded with {code}{phrase}."
    if code in _GONE:
        return Outcome("not found", reason)
    if code in _TRY_LATER or code >= 500:
        return Outcome("server error", reason)
    return Outcome("http error", reason)
