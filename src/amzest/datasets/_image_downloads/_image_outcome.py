"""What became of the photo of one web address."""

from __future__ import annotations

import http
from dataclasses import dataclass

#: Kinds of failure that another call tries again: they say nothing about the photo.
PASSING = frozenset({"cut off", "given up", "server error", "time-out", "unreachable"})
#: Answers that ask for patience, beside all from 500 on.
_TRY_LATER = (408, 425, 429)
_GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row of the manifest, without its address.

    Parameters
    ----------
    status : str
        "ok" or a short kind of failure.

    reason : str or None, default=None
        A sentence for people that is the same in every run; None with "ok".

    image : str or None, default=None
        Path of the file below the folder, with slashes. Like all that follows, None
        unless there is a photo.

    format : str or None, default=None
        Name of the format as Pillow gives it, such as "JPEG".

    width : int or None, default=None
        Pixels of a row.

    height : int or None, default=None
        Rows of pixels.

    n_bytes : int or None, default=None
        Size of the file.

    sha256 : str or None, default=None
        Digest of the file, as hexadecimal digits.
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
        """Whether there is a photo."""
        return self.status == "ok"

    @property
    def is_passing(self) -> bool:
        """Whether the same request may fare better later."""
        return self.status in PASSING


def refused_answer(code: int) -> Outcome:
    """Say what an answer other than 200 means.

    Parameters
    ----------
    code : int
        Status code of HTTP.

    Returns
    -------
    Outcome
        The failure.
    """
    try:
        # Not the phrase that the server sent: it may be anything.
        phrase = f" ({http.HTTPStatus(code).phrase})"
    except ValueError:
        phrase = ""
    reason = f"The server answered {code}{phrase}."
    if code in _GONE:
        return Outcome("not found", reason)
    if code in _TRY_LATER or code >= 500:
        return Outcome("server error", reason)
    return Outcome("http error", reason)
