"""Photos as bytes: which format they have, how large they are, if they decode."""

from __future__ import annotations

import contextlib
import hashlib
import io
import threading

from PIL import Image

from amzest.datasets._photos._image_outcome import Outcome

#: Formats that are read, with the suffix of their files.
SUFFIXES = {
    "AVIF": "avif",
    "BMP": "bmp",
    "GIF": "gif",
    "JPEG": "jpg",
    "PNG": "png",
    "TIFF": "tiff",
    "WEBP": "webp",
}
#: JPEG files with a second picture, as cameras and telephones write them.
_SAME_AS = {"MPO": "JPEG"}
_FIRST_BYTES = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF8",
    b"RIFF",
    b"II*\x00",
    b"MM\x00*",
)

#: Of photos with more pixels than this, one is decoded at a time, to bound the memory.
_LARGE = 10_000_000
_one_large = threading.Lock()

# Plugins are found here, not by the first few threads that open a photo.
Image.init()


def check_image(data: bytes, *, stem: str, max_pixels: int) -> Outcome:
    """Decode a photo.

    Pillow's warnings about broken metadata and large photos are not caught here:
    filters of warnings belong to the process, not to a thread.

    Parameters
    ----------
    data : bytes
        The file.

    stem : str
        Path of the file without its suffix.

    max_pixels : int
        Number of pixels of the largest photo that is decoded.

    Returns
    -------
    Outcome
        With status "ok", "not an image", "broken image" or "too many pixels".
    """
    digest = hashlib.sha256(data).hexdigest()
    try:
        with Image.open(io.BytesIO(data), formats=list(SUFFIXES)) as image:
            width, height = image.size
            if width * height > max_pixels:
                reason = (
                    f"The photo has {width} x {height} pixels; `max_pixels` is "
                    f"{max_pixels}."
                )
                return Outcome("too many pixels", reason)
            with _one_large if width * height > _LARGE else contextlib.nullcontext():
                image.load()
            kind = _SAME_AS.get(image.format, image.format)
    except Image.DecompressionBombError:
        # Raised by Pillow before the size can be looked at.
        reason = "The photo has more pixels than Pillow opens."
        return Outcome("too many pixels", reason)
    except Image.UnidentifiedImageError:
        if data.startswith(_FIRST_BYTES) or data[4:12] == b"ftypavif":
            return _broken(digest)
        return Outcome("not an image", _describe(data))
    # Pillow's plugins raise nearly anything on files that they dislike.
    except Exception:
        return _broken(digest)
    return Outcome(
        status="ok",
        image=f"{stem}.{SUFFIXES[kind]}",
        format=kind,
        width=width,
        height=height,
        n_bytes=len(data),
        sha256=digest,
    )


def _broken(digest: str) -> Outcome:
    # The digest tells whether a second attempt brought the same.
    reason = "The photo cannot be decoded: the file is damaged or ends early."
    return Outcome("broken image", reason, sha256=digest)


def _describe(data: bytes) -> str:
    if not data:
        return "The answer is empty."
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "The answer is a page or drawing in HTML or XML."
    formats = ", ".join(SUFFIXES)
    return f"The answer is in none of the formats that are read ({formats})."
