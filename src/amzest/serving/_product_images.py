"""Images of a request: bytes as base64, or paths within one folder. Never URLs."""

from __future__ import annotations

import base64
import binascii
import os
from typing import Any

from amzest.serving._request_error import RequestError
from amzest.utils import (
    TooManyPixels,
    UnreadableImage,
    describe_text,
    image_path,
    is_missing_image,
    open_image,
    shown,
)


def read_image(
    value: Any, where: str, max_pixels: int, image_root: str | None
) -> bytes | str | None:
    """Return the bytes or the absolute path of an image, None if it is missing.

    `value` is a path, or an object with "bytes" (base64) or "path". Only the header of
    the image is read.
    """
    if isinstance(value, dict) and list(value) == ["bytes"]:
        image: bytes | str = _decode(value["bytes"], where)
    else:
        path = value
        if isinstance(value, dict) and list(value) == ["path"]:
            path = value["path"]
        if not isinstance(path, str):
            raise RequestError(
                422,
                f'{where} must be {{"bytes": "BASE64"}} or {{"path": "PATH"}}.',
            )
        if is_missing_image(path):
            return None
        image = _resolve(path, where, image_root)
    try:
        with open_image(image, max_pixels):
            pass
    except TooManyPixels as error:
        raise RequestError(413, f"{where}: {_sentence(error)}") from None
    except UnreadableImage as error:
        raise RequestError(422, f"{where}: {_sentence(error)}") from None
    return image


def _sentence(error: Exception) -> str:
    """Return a reason, of which some are sentences, with one full stop."""
    return str(error).rstrip(".") + "."


def _decode(text: Any, where: str) -> bytes:
    problem = "is not a text"
    if isinstance(text, str):
        try:
            image = base64.b64decode(text.encode("ascii"), validate=True)
        except UnicodeEncodeError:
            problem = "contains characters that are not ASCII"
        except binascii.Error as error:
            problem = f"is not valid ({error})"
        else:
            if image:
                return image
            problem = "is empty; send null for a missing image"
    raise RequestError(422, f'{where}: the base64 text in "bytes" {problem}.')


def _resolve(path: str, where: str, image_root: str | None) -> str:
    """Return the real path of an image within the folder; links are followed first."""
    if image_root is None:
        raise RequestError(
            422,
            f"{where} is a path, but the service was started without a folder of "
            'images. Send {"bytes": "BASE64"}.',
        )
    reason = describe_text(path)
    if reason is not None:
        raise RequestError(422, f"{where}: {reason}.")
    try:
        found = os.path.realpath(os.path.join(image_root, path))
        inside = os.path.commonpath([image_root, found]) == image_root
    except (OSError, ValueError):  # a NUL character, half a character
        found, inside = "", False
    if not inside:
        # Without the real path, which would tell where links lead to.
        raise RequestError(
            422,
            f"{where}: {shown(path)} is not a path within the folder of images.",
        )
    try:
        return image_path(found, None)
    except UnreadableImage:
        raise RequestError(
            422, f"{where}: there is no image file {shown(path)}."
        ) from None
