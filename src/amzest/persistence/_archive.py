"""Files of models as zip archives: written at once, read with limits."""

from __future__ import annotations

import io
import os
import secrets
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from amzest.utils import shown

METADATA = "amzest.json"
SCHEMA = "schema.json"

#: Members are compressed only if that saves this share of their size: weights of
#: networks do not, and are read several times faster as they are.
_WORTH_IT = 0.2
_N_SAMPLES, _SAMPLE = 16, 2**16  # parts that are compressed to find out, in bytes

#: A file may unpack to this many times its size. `write_archive` keeps to half of it.
MAX_RATIO = 100
#: Files that unpack to less than this many bytes are not checked for their ratio.
_SMALL = 2**26

#: First bytes of other formats that models are saved in.
_OTHER_FORMATS = {
    b"\x80\x02": "a pickle",
    b"\x80\x03": "a pickle",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"\x1f\x8b": "a gzip file, as joblib writes it",
    b"x\x01": "a file compressed by joblib",
    b"x\x5e": "a file compressed by joblib",
    b"x\x9c": "a file compressed by joblib",
    b"x\xda": "a file compressed by joblib",
    b"BZ": "a bzip2 file, as joblib writes it",
    b"\xfd7": "an xz file, as joblib writes it",
    b"]\x00": "an LZMA file, as joblib writes it",
    b"\x04\x22": "an LZ4 file, as joblib writes it",
    b"\x89H": "an HDF5 file",
}


def write_archive(path: Path, members: Mapping[str, bytes]) -> None:
    """Write a zip archive; it replaces an existing file when it is complete."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.unfinished")
    size = sum(map(len, members.values()))
    try:
        with open(draft, "xb") as file:
            _write_members(file, members)
            if size > MAX_RATIO / 2 * file.tell():  # zeros, for example
                file.seek(0)
                _write_members(file, members, compress=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _write_members(
    file: IO[bytes], members: Mapping[str, bytes], compress: bool = True
) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            # A fixed date: equal models make equal files, but for the metadata.
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            if compress and _worth_compressing(content):
                info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)


def _worth_compressing(content: bytes) -> bool:
    step = max(_SAMPLE, len(content) // _N_SAMPLES)
    parts = [content[start : start + _SAMPLE] for start in range(0, len(content), step)]
    sample = b"".join(parts)
    return len(zlib.compress(sample, 1)) < (1 - _WORTH_IT) * len(sample)


@contextmanager
def open_archive(path: Path) -> Iterator[tuple[IO[bytes], zipfile.ZipFile]]:
    """Open a file that :func:`write_archive` may have written, and check its directory.

    Nothing is unpacked. Every error names the file.
    """
    with open(path, "rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except Exception as error:  # of a directory with any bytes
            raise ValueError(_not_an_archive(path, file)) from error
        with archive:
            check_directory(path, archive, os.fstat(file.fileno()).st_size)
            yield file, archive


def _not_an_archive(path: Path, file: IO[bytes]) -> str:
    file.seek(0)
    start = file.read(2)
    kind = _OTHER_FORMATS.get(start)
    if kind is None:
        what = "it is empty" if not start else "it is not complete, or of another kind"
        return f"{path} is not a file of amzest.save: {what}. Save the model again."
    return (
        f"{path} is {kind}, not a file of amzest.save. It is not read, because loading "
        "such files can run code. If you trust it, load it with the library that wrote "
        "it, such as joblib.load, and save the model with amzest.save."
    )


def check_directory(path: Path, archive: zipfile.ZipFile, size: int) -> None:
    """Raise ValueError if members are missing, double, or too large when unpacked."""
    names = archive.namelist()
    missing = [name for name in (SCHEMA, METADATA) if name not in names]
    if missing == [METADATA]:
        raise ValueError(
            f"{path} has no {METADATA}: it was saved by skops and not by amzest.save. "
            "Load it with skops.io.load(path, "
            "trusted=amzest.persistence.trusted_types())."
        )
    if missing:
        raise ValueError(
            f"{path} is a zip archive without {missing[0]}, not a file of amzest.save."
        )
    if len(set(names)) < len(names):
        raise ValueError(f"{path} is not valid: two of its members have one name.")
    for name in names:
        if not _plain(name):
            raise ValueError(
                f"{path} is not valid: its member {shown(name)} is not a plain name."
            )
    check_size(path, sum(member.file_size for member in archive.infolist()), size)


def _plain(name: str) -> bool:
    stem, _, suffix = name.rpartition(".")
    is_data = suffix in ("npy", "npz", "bin") and stem.replace("-", "").isalnum()
    return name in (SCHEMA, METADATA) or is_data


def check_size(path: Path, unpacked: int, size: int) -> None:
    """Raise ValueError if a file of `size` bytes claims to unpack to far more."""
    if unpacked > max(MAX_RATIO * size, _SMALL):
        raise ValueError(
            f"{path} ({size:,} bytes) would unpack to {unpacked:,} bytes, more than "
            f"{MAX_RATIO} times its size, which no file of amzest.save does."
        )


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the members of an archive in memory."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def nested_size(content: bytes) -> int:
    """Return the unpacked size of an archive inside of an archive (a sparse matrix)."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return sum(member.file_size for member in archive.infolist())
