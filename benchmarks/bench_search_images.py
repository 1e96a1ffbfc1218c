"""How often does a grid search decode images, and is it faster with two workers?

GridSearchCV with 6 candidates (2 with ``--short``) and 3 folds over image files. A
search with one worker should decode each image once. It is compared with the same
search without the cache, in which each fit and each prediction decodes the images. A
search with two workers is compared with a search with one; both must have the same
scores.

Run with ``python benchmarks/bench_search_images.py``.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
from bench_train_images import write_images
from side_by_side import Report, make_parser, parse_arguments
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, ImageCNNClassifier

#: Targets: decodings per image, and time of two workers relative to one.
DECODINGS, TWO_WORKERS = 1.0, 1.1


def make_search(n_jobs: int, max_epochs: int, n_candidates: int) -> GridSearchCV:
    network = ImageCNNClassifier(max_epochs=max_epochs, random_state=0)
    return GridSearchCV(
        make_pipeline(ColumnSelector("image"), network),
        {"imagecnnclassifier__dropout": np.linspace(0, 0.5, n_candidates)},
        cv=3,
        n_jobs=n_jobs,
        refit=False,
    )


def main() -> int:
    options = parse_arguments(make_parser(__doc__))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    warnings.simplefilter("ignore")
    report = Report(__doc__.splitlines()[0], options)
    n, max_epochs, n_candidates = (60, 1, 2) if options.short else (300, 5, 6)
    rounds = 1 if options.short else 3
    with TemporaryDirectory() as folder:
        paths, y = write_images(Path(folder), n)
        X = pd.DataFrame({"image": paths})
        scores: dict[str, Any] = {}

        def search(name: str, n_jobs: int) -> None:
            found = make_search(n_jobs, max_epochs, n_candidates).fit(X, y)
            scores[name] = found.cv_results_["mean_test_score"]

        from amzest.image import _decoded_images

        with mock.patch.object(
            _decoded_images, "decode", side_effect=_decoded_images.decode
        ) as decode:
            search("one worker", 1)
        report.add("decodings per image", decode.call_count / n, target=DECODINGS)

        def without_cache() -> None:
            with mock.patch.object(_decoded_images, "image_key", return_value=None):
                search("without cache", 1)

        report.compare(
            "search with cached images",
            {"amzest": lambda: search("one worker", 1), "without cache": without_cache},
            reference="without cache",
            rounds=rounds,
            warm_up=False,
        )
        report.compare(
            "time of two workers",
            {
                "two workers": lambda: search("two workers", 2),
                "one worker": lambda: search("one worker", 1),
            },
            reference="one worker",
            target=TWO_WORKERS,
            better="lower",
            rounds=rounds,
        )
        for name, found in scores.items():
            if not np.array_equal(found, scores["one worker"]):
                print(f"  other scores: {name}")
                return 1
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
