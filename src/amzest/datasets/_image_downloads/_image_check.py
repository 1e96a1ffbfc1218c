"""Images as bytes: their format and size, and whether they can be decoded."""

from __future__ import annotations

import hashlib

from amzest.datasets._image_downloads._image_outcome import Outcome
from amzest.utils import (
    FORMATS,
    NotAnImage,
    TooManyPixels,
    UnreadableImage,
    bounded_memory,
    open_image,
)

#: JPEG files with a second image, as cameras and phones write them.
_SAME_AS = {"MPO": "JPEG"}


def check_image(data: bytes, *, stem: str, max_pixels: int) -> Outcome:
    """Return "ok", "not an image", "broken image" or "too many pixels".

    `stem` is the path of its file without the suffix.
    """
    digest = hashlib.sha256(data).hexdigest()
    try:
        with open_image(data, max_pixels) as image, bounded_memory(image.size):
            (width, height), name = image.size, str(image.format)
            image.load()
    except TooManyPixels as error:
        reason = "The image has more pixels than Pillow opens."
        if error.size is not None:
            width, height = error.size
            reason = (
                f"The image has {width} x {height} pixels; `max_pixels` is "
                f"{max_pixels}."
            )
        return Outcome("too many pixels", reason)
    except NotAnImage:
        return Outcome("not an image", _describe(data))
    except UnreadableImage:
        # By the hash, the queue finds out whether a second attempt returned the same.
        reason = "The image cannot be decoded: the file is damaged or ends early."
        return Outcome("broken image", reason, sha256=digest)
    return Outcome(
        status="ok",
        image=f"{stem}.{FORMATS[name]}",
        format=_SAME_AS.get(name, name),
        width=width,
        height=height,
        n_bytes=len(data),
        sha256=digest,
    )


def _describe(data: bytes) -> str:
    if not data:
        return "The response is empty."
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "The response is HTML or XML."
    formats = ", ".join(name for name in FORMATS if name not in _SAME_AS)
    return f"The response is in none of the supported formats ({formats})."
