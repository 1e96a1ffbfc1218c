"""Decode mutated images and count exceptions, started programs, memory and time.

Files of every format that Pillow writes or opens are generated, mutated and read with
``on_error="missing"``: as files with any suffix, as bytes, as dicts of bytes and path,
and as PIL images that were opened but not loaded. There must be no exception and no
started program. A fake Ghostscript is first in the search path, and an audit hook
detects every other program.

    python tools/fuzz_images.py --n-images 50000 --n-predicted 2000
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import os
import resource
import stat
import struct
import sys
import time
import traceback
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from amzest.utils import FORMATS

#: Audit events raised before a process starts another one.
_PROGRAMS = (
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
    "os.forkpty", "os.startfile", "pty.spawn",
)  # fmt: skip
_BATCH = 250
_EXTREMES = (
    b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f",
    b"\0\1\0\0", b"\0\0\1\0", b"\x80\0\0\0", b"\0\0\0\x80", b"\0\0\x80\0", b"\1\0\0\0",
)  # fmt: skip
_started: list[str] = []


def _note_program(event: str, _arguments: Any) -> None:
    if event in _PROGRAMS:
        _started.append(event)


@dataclass
class Report:
    """Counts and faults of a run."""

    n_images: int = 0
    n_read: int = 0
    n_started: int = 0
    slowest: float = 0.0
    exceptions: list[str] = field(default_factory=list)
    read_by_format: Counter[str] = field(default_factory=Counter)
    by_format: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        counts = ", ".join(
            f"{name} {self.read_by_format[name]}/{n}"
            for name, n in sorted(self.by_format.items())
        )
        return (
            f"{self.n_images} images, {self.n_read} read, "
            f"{len(self.exceptions)} exceptions, {self.n_started} programs started, "
            f"slowest batch {self.slowest:.2f} s, peak {peak:.0f} MiB\n{counts}\n"
            + "\n".join(self.exceptions[:20])
        )


def _encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _handwritten(pixels: bytes) -> dict[str, bytes]:
    """Return 8 x 8 images in formats that Pillow opens but does not write."""
    grey = pixels[:64]
    return {
        "PSD": b"8BPS" + struct.pack(">H6xHIIHH", 1, 1, 8, 8, 8, 1)
        + bytes(12) + b"\0\0" + grey,
        "FLI": struct.pack("<IHHHHHHI", 1000, 0xAF11, 1, 8, 8, 8, 0, 70) + bytes(106)
        + struct.pack("<IHH8x", 80, 0xF1FA, 1) + struct.pack("<IH", 70, 16) + grey,
        "XPM": b'/* XPM */\nstatic char *x[] = {\n"8 8 2 1",\n"  c #FF0000",'
        + b'\n"+ c #00FF00"'
        + b',\n"+ + + + "' * 8 + b"};",
        "FITS": b"".join(
            card.ljust(80)
            for card in (b"SIMPLE  =                    T", b"BITPIX  = 8",
                         b"NAXIS   = 2", b"NAXIS1  = 8", b"NAXIS2  = 8", b"END")
        ).ljust(2880) + grey.ljust(2880, b"\0"),
        "FTEX": b"FTEX" + struct.pack("<iiiiiiii", 1, 8, 8, 1, 1, 1, 48, 192) + pixels,
        "GBR": struct.pack(">IIIII", 28, 2, 8, 8, 1) + b"GIMP" + bytes(4) + grey,
        "PIXAR": (b"\200\350\0\0" + bytes(412) + struct.pack("<HH", 8, 8)
                  + bytes(4) + struct.pack("<HH", 14, 0)).ljust(1024, b"\0") + pixels,
        "SUN": struct.pack(">IIIIIIII", 0x59A66A95, 8, 8, 8, 64, 1, 0, 0) + grey,
        "XVTHUMB": b"P7 332\n#END_OF_COMMENTS\n8 8 255\n" + grey,
        "IMT": b"width 8\nheight 8\n\x0c" + grey,
        "MPEG": b"\0\0\1\xb3\x00\x80\x08" + bytes(40),
        "PCD": bytes(2048) + b"PCD_OPA" + bytes(9000),
        "WMF": b"\xd7\xcd\xc6\x9a\0\0\0\0\0\0\x08\0\x08\0\x60\0" + bytes(6)
        + b"\1\0\t\0\0\3" + bytes(12),
        "EMF": b"\1\0\0\0" + bytes(36) + b" EMF" + bytes(60),
        "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(64),
        "GRIB": b"GRIB\0\0\0\1" + bytes(64),
        "BUFR": b"BUFR\0\0\0\4" + bytes(64),
        "MCIDAS": bytes(4) + b"\0\0\0\4" + struct.pack(">62i", *[8] * 62) + grey,
        "DCX": struct.pack("<III", 0x3ADE68B1, 12, 0)
        + _encode(Image.new("L", (8, 8)), "PCX"),
        "EPS binary": b"\xc5\xd0\xd3\xc6" + struct.pack("<II", 30, 70) + bytes(18)
        + b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n",
        "HTML": b"<!DOCTYPE html><html><body>Not found</body></html>",
        "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>',
        "HEIC": b"\0\0\0\x18ftypheic" + bytes(64),
        "Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    }  # fmt: skip


@functools.cache
def make_seeds(seed: int = 0) -> dict[str, list[bytes]]:
    """Generate images of every format that Pillow writes or opens."""
    Image.init()
    rng = np.random.default_rng(seed)
    noise = Image.fromarray(rng.integers(0, 256, (24, 20, 3), dtype=np.uint8))
    smooth = Image.linear_gradient("L").resize((40, 30))
    rgba = noise.copy()
    rgba.putalpha(smooth.resize(noise.size))
    sixteen = Image.fromarray(rng.integers(0, 65536, (16, 12), dtype=np.uint16))
    images = [noise, smooth, rgba, smooth.convert("1"), noise.convert("P"), sixteen]
    images += [noise.convert("CMYK"), rgba.convert("LA"), smooth.convert("F")]
    seeds: dict[str, list[bytes]] = {}
    exif = Image.Exif()
    exif[0x0112] = 6
    options: dict[str, list[dict[str, Any]]] = {
        "TIFF": [
            {"compression": name}
            for name in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg",
                         "group3", "group4", "tiff_ccitt", "webp", "zstd", "lzma")
        ],
        "JPEG": [{"exif": exif}, {"progressive": True, "quality": 95}, {"dpi": (9, 9)}],
        "PNG": [{}, {"exif": exif, "optimize": True}, {"transparency": 0}],
        "WEBP": [{}, {"lossless": True}, {"exif": exif.tobytes()}],
        "GIF": [{}, {"save_all": True, "append_images": [smooth], "transparency": 1}],
        "MPO": [{"save_all": True, "append_images": [noise]}],
        "DDS": [{}, {"pixel_format": "DXT1"}, {"pixel_format": "DXT5"}],
        "JPEG2000": [{}, {"irreversible": True}, {"no_jp2": True}],
        "TGA": [{}, {"compression": "tga_rle"}],
        "ICO": [{}, {"bitmap_format": "bmp", "sizes": [(16, 16)]}],
        "AVIF": [{"speed": 10}, {"speed": 10, "subsampling": "4:4:4"}],
    }  # fmt: skip
    for kind in sorted(set(Image.SAVE) | {"MPO"}):
        for image in images:
            for chosen in options.get(kind, [{}]):
                with contextlib.suppress(Exception):
                    data = _encode(image, kind, **chosen)
                    if data and len(seeds.setdefault(kind, [])) < 24:
                        seeds[kind].append(data)
    for kind, data in _handwritten(rng.bytes(256)).items():
        seeds.setdefault(kind, []).append(data)
    return {kind: files for kind, files in seeds.items() if files}


def mutate(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Mutate a file, mostly near its start, which has the headers."""
    out = bytearray(data)
    for _ in range(1 if rng.random() < 0.6 else int(rng.integers(2, 5))):
        n = max(len(out), 1)
        near = n if rng.random() < 0.4 else min(n, 128)
        place = int(rng.integers(0, near))
        match int(rng.integers(0, 9)):
            case 0 | 1:
                for at in rng.integers(0, near, int(rng.integers(1, 9))):
                    out[at : at + 1] = rng.bytes(1)
            case 2 | 3:
                out[place : place + 4] = _EXTREMES[int(rng.integers(len(_EXTREMES)))]
            case 4:
                del out[place + int(rng.integers(1, 64)) :]
            case 5:
                out[place:place] = out[place : place + int(rng.integers(1, 64))]
            case 6:
                del out[place : place + int(rng.integers(1, 32))]
            case 7:
                out[place:] = bytes(n - place)
            case _:
                out[place:] = other[int(rng.integers(0, max(len(other), 1))) :]
    if out.startswith(b"\x89PNG") and rng.random() < 0.7:
        _repair_checksums(out)
    return bytes(out) or b"\0"


def _repair_checksums(png: bytearray) -> None:
    """Correct the checksums of PNG chunks, so that decoders do not reject them."""
    start = 8
    while start + 12 <= len(png):
        end = start + 8 + int.from_bytes(png[start : start + 4], "big")
        if end + 4 > len(png):
            break
        checksum = zlib.crc32(png[start + 4 : end])
        png[end : end + 4] = checksum.to_bytes(4, "big")
        start = end + 4


def _as_cells(
    files: list[bytes], folder: Path, rng: np.random.Generator
) -> Iterator[Any]:
    """Pass each file in one of the supported forms."""
    suffixes = [".jpg", ".png", ".eps", ".tiff", "", ".wmf", ".ps", ".webp"]
    for i, data in enumerate(files):
        form = int(rng.integers(0, 8))
        if form < 3:
            path = folder / f"{i}{suffixes[int(rng.integers(len(suffixes)))]}"
            path.write_bytes(data)
            yield str(path)
        elif form == 3:
            yield {"bytes": data, "path": f"{i}.jpg"}
        elif form == 4:
            try:  # opened by the user, in any format
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    yield Image.open(io.BytesIO(data))
            except Exception:
                yield data
        else:
            yield data


def _decode(cells: list[Any], folder: Path) -> Any:
    from amzest.image._decoded_images import decode_column

    column = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):  # in one assignment NumPy would load PIL images
        column[row] = cell
    return decode_column(
        column,
        name="image",
        size=32,
        root=folder,
        on_error="missing",
        max_memory=0,
        augmentation=False,
        reader="fuzz_images",
    )


@contextlib.contextmanager
def _watched(folder: Path) -> Iterator[Path]:
    """Put fake programs first in the search path; silence C libraries."""
    called = folder / "called"
    for name in ("gs", "gswin32c", "gswin64c", "djpeg", "convert", "magick", "ffmpeg"):
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "$0 $@" >> "{called}"\nexit 0\n')
        program.chmod(program.stat().st_mode | stat.S_IEXEC)
    before, stderr, sink = os.environ["PATH"], os.dup(2), os.open(os.devnull, os.O_RDWR)
    os.environ["PATH"] = f"{folder}{os.pathsep}{before}"
    os.dup2(sink, 2)
    try:
        yield called
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(sink)
        os.environ["PATH"] = before


def run(n_images: int, seed: int = 0, *, progress: bool = False) -> Report:
    """Decode mutated images in batches.

    Parameters
    ----------
    n_images : int
        Number of images.

    seed : int, default=0
        Seed of files and mutations.

    progress : bool, default=False
        Whether to print the progress.

    Returns
    -------
    Report
        Counts and faults.
    """
    rng = np.random.default_rng(seed)
    seeds = make_seeds()
    # Every second file has a supported format.
    kinds, report = [*seeds, *[kind for kind in seeds if kind in FORMATS] * 4], Report()
    if not any(hook is _note_program for hook in _hooks):
        sys.addaudithook(_note_program)
        _hooks.append(_note_program)
    _started.clear()
    with TemporaryDirectory() as folder, _watched(Path(folder)) as called:
        while report.n_images < n_images:
            names, files = [], []
            for _ in range(min(_BATCH, n_images - report.n_images)):
                kind, other = (kinds[int(i)] for i in rng.integers(0, len(kinds), 2))
                data, spliced = (
                    seeds[each][int(rng.integers(len(seeds[each])))]
                    for each in (kind, other)
                )
                names.append(kind)
                files.append(mutate(data, spliced, rng))
            with TemporaryDirectory(dir=folder) as batch:
                _run_batch(names, files, Path(batch), rng, report)
            if progress and report.n_images % (20 * _BATCH) == 0:
                print(report, flush=True)
        report.n_started = len(_started) + called.exists()
    return report


_hooks: list[Any] = []


def _run_batch(
    names: list[str],
    files: list[bytes],
    folder: Path,
    rng: np.random.Generator,
    report: Report,
) -> None:
    cells = list(_as_cells(files, folder, rng))
    present = np.zeros(len(cells), dtype=bool)
    start = time.perf_counter()
    with warnings.catch_warnings():
        # Warnings of Pillow and NumPy count as exceptions.
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="fuzz_images: ")
        try:
            present = _decode(cells, folder).present
        except Exception:
            for row, cell in enumerate(cells):
                try:
                    present[row] = _decode([cell], folder).present[0]
                except Exception:
                    where = traceback.format_exc(limit=-3)
                    report.exceptions.append(f"{names[row]}: {where}")
    report.slowest = max(report.slowest, time.perf_counter() - start)
    report.n_images += len(cells)
    report.n_read += int(present.sum())
    report.by_format.update(names)
    report.read_by_format.update(
        name for name, read in zip(names, present, strict=True) if read
    )


def predict(n_images: int, seed: int = 1) -> str:
    """Fit a classifier and load a table with mutated images; return the faults."""
    import pandas as pd

    from amzest import ImageCNNClassifier, load_products

    rng = np.random.default_rng(seed)
    seeds = make_seeds()
    files = [data for kind in seeds.values() for data in kind]
    chosen = rng.integers(0, len(files), (n_images, 2))
    images = [mutate(files[one], files[other], rng) for one, other in chosen]
    model = ImageCNNClassifier(
        filters=(4, 8), image_size=32, max_epochs=1, on_error="missing", random_state=0
    )
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=r"ImageCNNClassifier: |`image`")
        # Keras and NumPy disagree about a keyword.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        model.fit([*images, *images[:50]], [0, 1] * ((n_images + 50) // 2))
        proba = model.predict_proba(images)
        paths = [Path(folder, f"{i}.jpg") for i in range(n_images)]
        for path, data in zip(paths, images, strict=True):
            path.write_bytes(data)
        table = pd.DataFrame({"image": [path.name for path in paths]})
        table.to_csv(Path(folder, "products.csv"), index=False)
        products: Any = load_products(
            folder,
            category_column=None,
            check_images="decode",
            on_missing_image="missing",
        )
    kept = int(products.data["image"].notna().sum())
    return (
        f"{n_images} images through fit and predict ({np.isfinite(proba).all()=}), "
        f"{kept} kept by load_products"
    )


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-images", type=int, default=50_000)
    parser.add_argument("--n-predicted", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    report = run(options.n_images, options.seed, progress=True)
    print(report)
    if options.n_predicted:
        print(predict(options.n_predicted // 2 * 2, options.seed + 1))
    return bool(report.exceptions or report.n_started)


if __name__ == "__main__":
    sys.exit(main())
