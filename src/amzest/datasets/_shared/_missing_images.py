"""Which cells of an image column are missing."""

from __future__ import annotations

import os
import re
from typing import Any

from amzest.utils import is_missing

#: What Amazon's metadata contains for products without an image:
#: ".../x-site/icons/no-img-sm._CB192198896_.gif".
_PLACEHOLDER = re.compile(r"(?:^|.*[/\\])no-img[^/\\]*$")


def is_missing_image(cell: Any) -> bool:
    """Return whether a cell is missing, empty bytes or Amazon's placeholder."""
    if isinstance(cell, bytes | bytearray):
        return not cell
    text = os.fspath(cell) if isinstance(cell, os.PathLike) else cell
    if isinstance(text, str) and _PLACEHOLDER.match(text.partition("?")[0]):
        return True
    return is_missing(text)
