"""How much memory does an image classifier need for images that do not fit into it?

Fits a tiny ImageCNNClassifier for one epoch (with calibration: two fits) on synthetic
64x64 JPEG files: paths in a folder with a folder for each category, tar files in the
layout of WebDataset, a column of a Parquet file, and these tar files again with decoded
images in a folder that processes share, first empty and then full. Each fit runs in a
new process, after a small fit that loads the framework.

Reported are the time per row relative to the smallest number of images, and the peak
memory of the process: all of it, and without the pages of files, which the system takes
back when it needs them. Images take 12 KB each when they are decoded. Run with
``python benchmarks/bench_large_images.py``.
"""

from __future__ import annotations

import io
import json
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from side_by_side import Report, make_parser, parse_arguments

from amzest import ImageCNNClassifier
from amzest.datasets import read_image_folder, read_image_parquet, read_image_shards

SIZES, SHORT_SIZES = (10_000, 100_000), (1_000, 4_000)
SOURCES = ("folder", "shards", "parquet", "shards, empty cache", "shards, full cache")
N_CATEGORIES, N_PER_SHARD, N_PER_ROW_GROUP = 10, 5_000, 1_000

#: Targets: bytes of the process, and time per row relative to the smallest table.
PEAK_BYTES, GROWTH = 2e9, 1.2


def make_images(n: int) -> Iterator[tuple[str, str, bytes]]:
    """Generate names, categories and JPEG files; the category decides the colour."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for i in range(n):
        category = i % N_CATEGORIES
        small = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8) // 2 + 10 * category
        image = Image.fromarray(small.astype(np.uint8))
        file = io.BytesIO()
        image.resize((64, 64), Image.Resampling.BILINEAR).save(file, "jpeg")
        yield f"{i:07d}", f"category {category}", file.getvalue()


def write_sources(folder: Path, n: int) -> None:
    """Write the images in each of the forms."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = folder / "folder"
    for category in range(N_CATEGORIES):
        (files / f"category {category}").mkdir(parents=True)
    (folder / "shards").mkdir()
    schema = pa.schema({"image": pa.binary(), "category": pa.string()})
    tar, rows = None, []
    with pq.ParquetWriter(folder / "parquet", schema, compression="zstd") as writer:
        for i, (name, category, data) in enumerate(make_images(n)):
            (files / category / f"{name}.jpg").write_bytes(data)
            if i % N_PER_SHARD == 0:
                if tar is not None:
                    tar.close()
                path = folder / "shards" / f"train-{i // N_PER_SHARD:03d}.tar"
                tar = tarfile.open(path, "w")  # noqa: SIM115
            for extension, content in (("jpg", data), ("cls", category.encode())):
                member = tarfile.TarInfo(f"{name}.{extension}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
            rows.append({"image": data, "category": category})
            if len(rows) == N_PER_ROW_GROUP or i == n - 1:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                rows = []
    if tar is not None:
        tar.close()
    (folder / "parquet").rename(folder / "images.parquet")


def read(source: str, folder: Path) -> pd.DataFrame:
    """Read a table of one of the forms."""
    if source == "folder":
        return read_image_folder(folder / "folder")
    if source == "parquet":
        return read_image_parquet(folder / "images.parquet")
    return read_image_shards(folder / "shards")


@contextmanager
def watched_memory(peaks: dict[str, int]) -> Iterator[None]:
    """Record the largest memory of this process, in bytes (Linux only)."""
    end = threading.Event()
    path = Path("/proc/self/status")

    def watch() -> None:
        while not end.wait(0.05):
            lines = path.read_text().splitlines()
            kib = {
                line.partition(":")[0]: int(line.split()[1])
                for line in lines
                if line.startswith(("VmRSS", "RssAnon", "RssFile", "RssShmem"))
            }
            for name, value in kib.items():
                peaks[name] = max(peaks.get(name, 0), value * 1024)

    thread = threading.Thread(target=watch, daemon=True)
    if path.exists():
        thread.start()
    try:
        yield
    finally:
        end.set()
        if thread.ident is not None:
            thread.join()


def build(**settings: Any) -> ImageCNNClassifier:
    return ImageCNNClassifier(filters=(8,), max_epochs=1, random_state=0, **settings)


def measure(source: str, folder: Path) -> dict[str, float]:
    """Read a table and fit once; return the times and the peak memory."""
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    build().fit(rng.integers(0, 256, (64, 64, 64, 3), dtype=np.uint8), [0, 1] * 32)
    settings = {"cache": folder / "cache"} if "cache" in source else {}
    peaks: dict[str, int] = {}
    with watched_memory(peaks):
        wall, processor = time.perf_counter(), time.process_time()
        frame = read(source, folder)
        read_processor = time.process_time() - processor
        build(**settings).fit(frame["image"], frame["category"])
        measured = {
            "wall": time.perf_counter() - wall,
            "processor": time.process_time() - processor,
            "read": read_processor,
        }
    return measured | peaks


def main() -> int:
    parser = make_parser(__doc__, rounds=1, short_rounds=1)
    parser.add_argument("--sizes", nargs="+", type=int, help="numbers of images")
    parser.add_argument("--sources", nargs="+", choices=SOURCES, default=SOURCES)
    parser.add_argument("--one", nargs=2, help="used internally")
    options = parse_arguments(parser)
    if options.one:
        print(json.dumps(measure(options.one[0], Path(options.one[1]))))
        return 0
    sizes = options.sizes or (SHORT_SIZES if options.short else SIZES)
    report = Report(__doc__.splitlines()[0], options)
    measured: dict[tuple[str, int], list[dict[str, float]]] = {}
    for n in sizes:
        with tempfile.TemporaryDirectory() as name:
            write_sources(Path(name), n)
            for _ in range(options.rounds):
                for source in options.sources:
                    if source == "shards, empty cache":
                        shutil.rmtree(Path(name, "cache"), ignore_errors=True)
                    command = [sys.executable, __file__, "--one", source, name]
                    done = subprocess.run(
                        command, stdout=subprocess.PIPE, text=True, check=True
                    )
                    result = json.loads(done.stdout.splitlines()[-1])
                    print(f"  {source}, {n:,} images: {result}", file=sys.stderr)
                    measured.setdefault((source, n), []).append(result)
    for (source, n), results in measured.items():
        rate = n / statistics.median(result["wall"] for result in results)
        for clock in ("wall", "processor"):
            report.add(
                f"{source}, {n:,} images, {clock} time per row",
                [
                    (here[clock] / n) / (base[clock] / sizes[0])
                    for here, base in zip(
                        results, measured[source, sizes[0]], strict=True
                    )
                ],
                rival=f"{sizes[0]:,} images",
                target=GROWTH if clock == "processor" and n != sizes[0] else None,
                units_per_second={f"{n:,}": rate},
            )
        for name, what in (("VmRSS", "all"), ("RssAnon", "without files")):
            if name in results[0]:
                report.add(
                    f"{source}, {n:,} images, peak memory, {what}",
                    [result[name] / 1e6 for result in results],
                    target=PEAK_BYTES / 1e6,
                    unit="MB",
                )
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
