"""The folder of photos: names of files, what is there, whole files or none."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

_PART = ".part"
_PHOTO_NAME = re.compile(r"([0-9a-f]{20})\.[a-z0-9]{3,4}")
_PART_NAME = re.compile(
    r"\.[0-9a-f]{20}\.[a-z0-9]{3,4}\.part|\.manifest\.parquet\.part"
)
_SUBFOLDER = re.compile(r"[0-9a-f]{2}")


def stem_of(url: str) -> str:
    """Give the path of a photo without its suffix, below the folder.

    Parameters
    ----------
    url : str
        Web address of the photo.

    Returns
    -------
    str
        Such as ``"3f/3f786850e387550fdab8"``: 80 bits of a digest, so that two
        addresses share a name once in 10^12 catalogues of a million photos. Subfolders
        keep listings short.
    """
    digest = hashlib.sha256(url.encode()).hexdigest()
    return f"{digest[:2]}/{digest[:20]}"


def write_whole(path: Path, data: bytes, *, sync: bool = False) -> None:
    """Write a file so that it is there with all of its bytes, or not at all.

    Parameters
    ----------
    path : Path
        Where it goes. A file that is there is replaced.

    data : bytes
        What it holds.

    sync : bool, default=False
        Whether to wait until the disk has it, against a loss of power.
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
    """What a folder holds.

    Parameters
    ----------
    sizes : dict of str to dict of str to int
        For each stem, the paths of its photos below the folder and their sizes in
        bytes.

    parts : list of Path
        Files that a call which was killed had not finished.
    """

    sizes: dict[str, dict[str, int]] = field(default_factory=dict)
    parts: list[Path] = field(default_factory=list)


def list_folder(folder: Path) -> Listing:
    """Look at all files that were written here.

    Parameters
    ----------
    folder : Path
        An existing folder.

    Returns
    -------
    Listing
        What it holds. Files with other names are left alone.
    """
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
                name = _PHOTO_NAME.fullmatch(entry.name)
                if name:
                    photos = listing.sizes.setdefault(f"{subfolder}/{name[1]}", {})
                    photos[f"{subfolder}/{entry.name}"] = entry.stat().st_size
                elif _PART_NAME.fullmatch(entry.name):
                    listing.parts.append(Path(entry.path))
    return listing
