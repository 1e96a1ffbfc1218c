"""Seconds and peak memory of text classifiers, by phase and number of rows.

Reads, fits and predicts synthetic titles (those of bench_growth.py, ten categories)
with TextLinearClassifier and TextCNNClassifier (one epoch), from a Parquet file that
TableReader reads in pieces and, for comparison, from a frame in memory. "read" is one
pass over the file, "predict" are the labels of all rows. Peak memory is that of the
process in each phase, sampled fifty times a second; per row it is the excess over a
process that has only fitted 200 rows.

Each model and size runs in a new process. Run with ``python
benchmarks/bench_growth_texts.py --sizes 10000 100000``. Temporary files take about
1.8 KB per row: 9 GB for five million.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

import pandas as pd
import psutil
from bench_growth import N_CATEGORIES
from bench_split_products import shop_titles

from amzest import TextCNNClassifier
from amzest.text import TextLinearClassifier

SIZES = (10_000, 100_000)
ROWS_PER_PIECE = 100_000
MODELS = ("linear", "cnn")


def make_frame(n_rows: int, seed: int) -> pd.DataFrame:
    """Generate titles; the category depends on the first word, the brand."""
    titles = shop_titles(n_rows, seed)
    codes = [crc32(title.split()[0].encode()) % N_CATEGORIES for title in titles]
    return pd.DataFrame({"title": titles, "category": codes})


def write_table(path: Path, n_rows: int) -> None:
    """Write a Parquet file piece by piece."""
    import pyarrow
    from pyarrow import parquet

    writer = None
    for start in range(0, n_rows, ROWS_PER_PIECE):
        frame = make_frame(min(ROWS_PER_PIECE, n_rows - start), seed=start)
        table = pyarrow.Table.from_pandas(frame)
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def build(model: str) -> Any:
    if model == "linear":
        return TextLinearClassifier(random_state=0)
    return TextCNNClassifier(max_epochs=1, random_state=0)


class Phases:
    """Seconds and peak memory of phases."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._base = self._process.memory_info().rss
        self.found: dict[str, dict[str, float]] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure a block."""
        peaks, done = [0], threading.Event()

        def watch() -> None:
            while not done.wait(0.02):
                peaks.append(max(peaks.pop(), self._process.memory_info().rss))

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        wall, processor = time.perf_counter(), time.process_time()
        yield
        self.found[name] = {
            "wall": time.perf_counter() - wall,
            "processor": time.process_time() - processor,
        }
        done.set()
        thread.join()
        self.found[name] |= {"peak": peaks[0], "excess": peaks[0] - self._base}


def measure(model: str, source: str, path: str) -> dict[str, dict[str, float]]:
    """Read, fit and predict a table in this process."""
    warnings.simplefilter("ignore")
    small = make_frame(200, seed=1)
    build(model).fit(small["title"], small["category"]).predict(small["title"])
    phases = Phases()
    with phases.phase("read"):
        if source == "memory":
            frame = pd.read_parquet(path)
            X, y = frame["title"], frame["category"]
        else:
            from amzest.datasets import TableReader

            table = TableReader(path)
            X, y = table["title"], table.labels("category")
            for _ in X.pieces():
                pass
    classifier = build(model)
    with phases.phase("fit"):
        classifier.fit(X, y)
    with phases.phase("predict"):
        predicted = classifier.predict(X)
    phases.found["accuracy"] = {"training": float((predicted == y).mean())}
    return phases.found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--source", choices=("table", "memory"), default="table")
    parser.add_argument("--one", nargs=3, help="used internally")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(*options.one)))
        return 0
    print(
        f"{'model':8}{'rows':>10} {'phase':8}{'us/row':>9}{'CPU us':>9}"
        f"{'MB peak':>9}{'B/row':>8}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for n_rows in options.sizes:
            path = Path(folder) / f"{n_rows}.parquet"
            write_table(path, n_rows)
            for model in options.models:
                command = [sys.executable, __file__, "--one", model, options.source]
                done = subprocess.run(
                    [*command, str(path)],
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                    env=os.environ,
                )
                found = json.loads(done.stdout.splitlines()[-1])
                accuracy = found.pop("accuracy")["training"]
                for name, figures in found.items():
                    print(
                        f"{model:8}{n_rows:10,} {name:8}"
                        f"{1e6 * figures['wall'] / n_rows:9.1f}"
                        f"{1e6 * figures['processor'] / n_rows:9.1f}"
                        f"{figures['peak'] / 1e6:9.0f}"
                        f"{figures['excess'] / n_rows:8.0f}",
                        flush=True,
                    )
                print(f"{model:8}{n_rows:10,} accuracy {accuracy:.4f}", flush=True)
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
