"""The folder of images: names of files, listing, atomic writes."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

_PART = ".part"
_IMAGE_NAME = re.compile(r"([0-9a-f]{20})\.[a-z0-9]{3,4}")
_PART_NAME = re.compile(
    r"\.[0-9a-f]{20}\.[a-z0-9]{3,4}\.part|\.manifest\.parquet\.part"
)
_SUBFOLDER = re.compile(r"[0-9a-f]{2}")


def stem_of(url: str) -> str:
    """Return the path of an image without suffix, such as "3f/3f786850e387550fdab8".

    With 80 bits of a hash, two of a million URLs collide with a probability of 10^-12.
    Subfolders keep listings short.
    """
    digest = hashlib.sha256(url.encode()).hexdigest()
    return f"{digest[:2]}/{digest[:20]}"


def write_whole(path: Path, data: bytes, *, sync: bool = False) -> None:
    """Write a file atomically: after a crash it is there as a whole, or not at all.

    With `sync` also after a loss of power.
    """
    part = path.with_name(f".{path.name}{_PART}")
    path.parent.mkdir(exist_ok=True)
    with open(part, "wb") as file:
        file.write(data)
        if sync:
            file.flush()
            os.fsync(file.fileno())
    os.replace(part, path)


@dataclass
class Listing:
    """Files of the images by stem, with their sizes in bytes, and unfinished files."""

    sizes: dict[str, dict[str, int]] = field(default_factory=dict)
    parts: list[Path] = field(default_factory=list)


def list_folder(folder: Path) -> Listing:
    """List all files that an earlier call has written; ignore others."""
    listing = Listing()
    with os.scandir(folder) as entries:
        subfolders = []
        for entry in entries:
            if _SUBFOLDER.fullmatch(entry.name) and entry.is_dir():
                subfolders.append(entry.name)
            elif _PART_NAME.fullmatch(entry.name):
                listing.parts.append(Path(entry.path))
    for subfolder in sorted(subfolders):
        with os.scandir(folder / subfolder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                name = _IMAGE_NAME.fullmatch(entry.name)
                if name:
                    images = listing.sizes.setdefault(f"{subfolder}/{name[1]}", {})
                    images[f"{subfolder}/{entry.name}"] = entry.stat().st_size
                elif _PART_NAME.fullmatch(entry.name):
                    listing.parts.append(Path(entry.path))
    return listing
