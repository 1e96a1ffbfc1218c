"""How many rows per second does predict_table score, in how much memory?

    python benchmarks/predict_tables.py [--rows 10000000] [--model linear] [--jobs 2]

Writes Parquet files with synthetic titles, fits a small model on some of them, and
predicts all of them in a folder with several processes of one thread. In a second
folder the same call is killed with all its processes (SIGKILL) at given fractions of
the rows, and started again; the bytes of both folders are compared. Also prints the
rows per second of wall time and of processor time of all processes, and the peak memory
of each.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
from pyarrow import parquet

ROWS_PER_FILE = 1_000_000
N_CATEGORIES = 20
N_FITTED = 20_000

CALL = """
import sys
from amzest.distributed import predict_table
model, source, out, jobs, rows = sys.argv[1:]
predict_table(model, source, out, n_jobs=int(jobs), rows_per_part=int(rows),
              keep=["id"], resume=True, verbose=True)
"""


def make_titles(n_rows: int, rng: np.random.Generator) -> tuple[pa.Array, np.ndarray]:
    """Return titles of eight words, and the category that some of the words tell."""
    vocabulary = np.array([f"word{i}" for i in range(50_000)], dtype=object)
    frequency = 1 / np.arange(1, len(vocabulary) + 1)
    words = rng.choice(len(vocabulary), (n_rows, 8), p=frequency / frequency.sum())
    categories = rng.integers(0, N_CATEGORIES, n_rows)
    # Two words of a title in three are from 50 words of its category.
    typical = rng.random((n_rows, 2)) < 2 / 3
    own = 1000 + categories[:, None] * 50 + rng.integers(0, 50, (n_rows, 2))
    words[:, :2] = np.where(typical, own, words[:, :2])
    return pa.array([" ".join(row) for row in vocabulary[words].tolist()]), categories


def write_tables(folder: Path, n_rows: int) -> None:
    """Write the titles to files of a million rows."""
    for number, start in enumerate(range(0, n_rows, ROWS_PER_FILE)):
        size = min(ROWS_PER_FILE, n_rows - start)
        titles, _ = make_titles(size, np.random.default_rng(number + 1))
        table = pa.table({"id": np.arange(start, start + size), "title": titles})
        parquet.write_table(table, folder / f"titles-{number:04d}.parquet")


def fit_model(name: str, path: Path) -> None:
    """Fit a small model and save it."""
    import pandas as pd

    import amzest

    titles, categories = make_titles(N_FITTED, np.random.default_rng(0))
    classifiers = {
        "linear": amzest.TextLinearClassifier(C=1.0, random_state=0),
        "cnn": amzest.TextCNNClassifier(max_epochs=2, random_state=0),
    }
    names = [f"category {c:02d}" for c in categories]
    model = classifiers[name].fit(pd.DataFrame({"title": titles.to_pylist()}), names)
    amzest.save(model, path)


class Run:
    """A call in a process group of its own, and the processes it has started."""

    def __init__(self, model: Path, source: Path, out: Path, options: object) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        size = options.rows_per_part
        arguments = [model, source, out, options.jobs, size]
        call = [sys.executable, "-c", CALL, *map(str, arguments)]
        self.start = time.perf_counter()
        self._process = subprocess.Popen(call, env=environment, process_group=0)
        self.peak: dict[int, int] = {}
        self.seconds: dict[int, float] = {}
        self._parts, self._size = out, size

    def look(self) -> bool:
        """Measure all processes; return whether the call is still running."""
        if self._process.poll() is not None:
            return False
        main = psutil.Process(self._process.pid)
        for process in [main, *main.children(recursive=True)]:
            try:
                memory, times = process.memory_info().rss, process.cpu_times()
            except psutil.Error:
                continue
            self.peak[process.pid] = max(self.peak.get(process.pid, 0), memory)
            self.seconds[process.pid] = times.user + times.system
        return True

    def finish(self) -> float:
        """Wait for the end, and return the seconds."""
        while self.look():
            time.sleep(1)
        if self._process.returncode:
            raise SystemExit("The call has failed.")
        return time.perf_counter() - self.start

    def kill_at(self, n_rows: float) -> int:
        """Kill all processes when about `n_rows` are done; return the parts."""
        while self.look() and self.n_parts() * self._size < n_rows:
            time.sleep(0.3)
        children = psutil.Process(self._process.pid).children(recursive=True)
        # The workers of joblib are in the same process group, the call first.
        os.killpg(self._process.pid, signal.SIGKILL)
        for child in children:
            if child.is_running():
                child.kill()
        psutil.wait_procs(children)
        self._process.wait()
        return self.n_parts()

    def n_parts(self) -> int:
        """Return the number of finished parts."""
        return len(list(self._parts.glob("part-*.parquet")))


def digest(folder: Path) -> dict[str, str]:
    """Return a hash of each file."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("part-*"))
    }


def report(run: Run, seconds: float, n_rows: int) -> None:
    """Print rows per second and memory."""
    # The processes that did the work; joblib has another one that tracks resources.
    busy = [pid for pid, used in run.seconds.items() if used > max(1.0, seconds / 20)]
    peaks = sorted(round(run.peak[pid] / 2**20) for pid in busy)
    processor = sum(run.seconds.values())
    print(
        f"{n_rows:,} rows in {seconds:.1f} s: {n_rows / seconds:,.0f} rows per second; "
        f"{processor:.1f} s of processor time: {n_rows / processor:,.0f} rows per "
        f"second of one core\npeak memory of the processes: {peaks} MiB",
        flush=True,
    )


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--model", choices=["linear", "cnn"], default="linear")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--compared-files", type=int, help="predicted without a kill (default: all)"
    )
    parser.add_argument("--last-jobs", type=int, help="of the last call")
    parser.add_argument("--rows-per-part", type=int, default=100_000)
    parser.add_argument("--kill-at", type=float, nargs="*", default=[0.15, 0.3])
    parser.add_argument("--folder", type=Path, help="for temporary files")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="predict-", dir=options.folder))
    try:
        return measure(folder, options)
    finally:
        shutil.rmtree(folder)


def measure(folder: Path, options: argparse.Namespace) -> int:
    """Predict without and with interruptions; return 1 if the files differ."""
    source, model = folder / "titles", folder / "model.amz"
    source.mkdir()
    write_tables(source, options.rows)
    fit_model(options.model, model)
    sizes = [path.stat().st_size for path in source.iterdir()]
    print(
        f"{options.rows:,} titles in {len(sizes)} files of {sum(sizes) / 1e6:,.0f} MB; "
        f"{options.model} model of {model.stat().st_size / 1e6:.1f} MB",
        flush=True,
    )
    compared = folder / "compared"
    compared.mkdir()
    for path in sorted(source.iterdir())[: options.compared_files]:
        os.link(path, compared / path.name)
    n_compared = sum(map(n_rows_of, compared.iterdir()))
    run = Run(model, compared, folder / "whole", options)
    report(run, run.finish(), n_compared)
    parts, runs, seconds = [], [], 0.0
    for fraction in options.kill_at:
        runs.append(Run(model, source, folder / "killed", options))
        parts.append(runs[-1].kill_at(fraction * options.rows))
        seconds += time.perf_counter() - runs[-1].start
    options.jobs = options.last_jobs or options.jobs
    runs.append(Run(model, source, folder / "killed", options))
    seconds += runs[-1].finish()
    for run in runs[:-1]:
        runs[-1].peak |= run.peak
        runs[-1].seconds |= run.seconds
    print(f"killed when {parts} parts were finished:")
    report(runs[-1], seconds, options.rows)
    # The parts of the first files have the same numbers in both folders.
    whole, killed = digest(folder / "whole"), digest(folder / "killed")
    same = whole == {name: killed.get(name) for name in whole}
    print(f"{len(whole)} of {len(killed)} parts are compared; same bytes: {same}")
    return 0 if same else 1


def n_rows_of(path: Path) -> int:
    """Return the number of rows of a Parquet file."""
    return parquet.read_metadata(path).num_rows


if __name__ == "__main__":
    sys.exit(main())
