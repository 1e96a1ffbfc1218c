"""Is a grid search over a text network faster with two processes?

`GridSearchCV` over a pipeline, 6 candidates and 3 folds on 600 synthetic products, with
``n_jobs=2`` compared with ``n_jobs=1``; with new workers, which must import torch, and
with running workers, as in a second search of a session. Run with ``python
benchmarks/bench_search.py``.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable

from joblib.externals.loky import get_reusable_executor
from side_by_side import Report, make_parser, parse_arguments
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, TextCNNClassifier, make_products

N_FOLDS = 3
GRID = {
    "textcnnclassifier__learning_rate": [0.001, 0.003, 0.01],
    "textcnnclassifier__dropout": [0.1, 0.3],
}

#: Maximum ratio of wall times.
LIMIT = 1.1


def main() -> int:
    parser = make_parser(__doc__, rounds=3, short_rounds=1)
    parser.add_argument("--n", type=int, default=600, help="number of products")
    options = parse_arguments(parser)
    max_epochs = 2 if options.short else 5
    warnings.simplefilter("ignore")
    X, y = make_products(options.n, image_size=8, return_X_y=True, random_state=0)
    X = X[["title", "description"]]
    pipeline = make_pipeline(
        ColumnSelector(["title", "description"]),
        TextCNNClassifier(max_epochs=max_epochs, random_state=0),
    )

    def search(n_jobs: int, *, new_workers: bool = False) -> Callable[[], int]:
        def work() -> int:
            if new_workers:
                get_reusable_executor().shutdown(wait=True)
            grid = GridSearchCV(pipeline, GRID, cv=N_FOLDS, n_jobs=n_jobs, refit=False)
            grid.fit(X, y)
            return N_FOLDS * len(grid.cv_results_["params"])

        return work

    report = Report(__doc__.splitlines()[0], options)
    report.compare(
        f"search over {len(X):,} products",
        {
            "two new workers": search(2, new_workers=True),
            "two running workers": search(2),
            "one process": search(1),
        },
        reference="one process",
        target=LIMIT,
        better="lower",
    )
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
