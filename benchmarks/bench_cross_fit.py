"""How much do ensembles and evaluation cost in addition to one `CrossFit`?

Fits five members on five folds of synthetic data. Weighted voting, stacking, a
calibrated member, the comparison with significance tests, a review threshold and label
issues are then computed from this `CrossFit`, and also with scikit-learn's
meta-estimators and `cross_val_predict`, which refit the members each time. Run with
``python benchmarks/bench_cross_fit.py``; ``--alone`` and ``--short`` skip scikit-learn.
"""

import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
from networks import networks
from side_by_side import Report, make_parser, parse_arguments
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import TunedThresholdClassifierCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from amzest import (
    ColumnSelector,
    ImageCNNClassifier,
    make_products,
)
from amzest.ensemble import CrossFit
from amzest.evaluation import (
    ReviewThresholdClassifier,
    compare_classifiers,
    find_label_issues,
)

#: Maximum ratio of the total time to that of `CrossFit` alone.
LIMIT = 1.05


def fill(texts):
    return texts.fillna("")


def build_members() -> list[tuple[str, object]]:
    words = make_pipeline(
        ColumnSelector("title"),
        FunctionTransformer(fill),
        TfidfVectorizer(),
        LogisticRegression(),
    )
    members = [("linear", words)]
    members += [
        (name.lower(), make_pipeline(ColumnSelector("title"), network(max_epochs=5)))
        for name, network in networks("text").items()
    ]
    image = ImageCNNClassifier(image_size=32, max_epochs=5)
    return [*members, ("image", make_pipeline(ColumnSelector("image"), image))]


def seconds_of(steps: dict[str, Callable[[], object]]) -> dict[str, float]:
    seconds = {}
    for name, run in steps.items():
        start = time.perf_counter()
        run()
        seconds[name] = time.perf_counter() - start
        print(f"  {name:<24}{seconds[name]:>9.2f} s", flush=True)
    return seconds


def main() -> int:
    parser = make_parser(__doc__, rounds=1, short_rounds=1)
    parser.add_argument("--n", type=int, help="number of products (default: 400)")
    parser.add_argument("--alone", action="store_true", help="without scikit-learn's")
    options = parse_arguments(parser)
    options.n = options.n or (100 if options.short else 400)
    report = Report(__doc__.splitlines()[0], options)
    warnings.simplefilter("ignore")
    X, y = make_products(options.n, return_X_y=True, random_state=0)
    members = build_members()
    # Import the frameworks before measuring.
    CrossFit([members[1], members[-1]], cv=2, refit=False).fit(X[:60], y[:60])

    print(f"amzest, {len(members)} members, 5 folds, {len(X)} products")
    crossfit = CrossFit(members, cv=5, random_state=0)
    made = {}

    def vote():
        made["vote"] = crossfit.weighted_voting("learn")

    base = seconds_of({"cross-fit and refit": lambda: crossfit.fit(X, y)})
    more = seconds_of(
        {
            "weighted vote": vote,
            "stack": crossfit.stacking,
            "calibrated member": lambda: crossfit.calibrated("cnn"),
            "comparison": lambda: compare_classifiers(
                crossfit, ensembles={"vote": made["vote"]}
            ).tests(),
            "review threshold": lambda: ReviewThresholdClassifier.from_oof(
                made["vote"], made["vote"].oof_proba_, y
            ),
            "label issues": lambda: find_label_issues(crossfit),
        }
    )
    alone = sum(base.values())
    everything = alone + sum(more.values())
    report.add(
        "total of amzest", everything / alone, rival="cross-fit alone", target=LIMIT
    )
    if options.alone or options.short:
        return report.finish()

    print("scikit-learn")

    def predict_all():
        for _, member in members:
            cross_val_predict(member, X, y, cv=5, method="predict_proba")

    binary = (np.asarray(y) == y.iloc[0]).astype(int)
    theirs = seconds_of(
        {
            "voting": lambda: VotingClassifier(members, voting="soft").fit(X, y),
            "stacking": lambda: StackingClassifier(members, cv=5).fit(X, y),
            "calibrated member": lambda: CalibratedClassifierCV(
                members[1][1], method="temperature", cv=5, ensemble=False
            ).fit(X, y),
            "comparison": predict_all,
            "threshold (two classes)": lambda: TunedThresholdClassifierCV(
                VotingClassifier(members, voting="soft"), cv=5
            ).fit(X, binary),
            "label issues": predict_all,
        }
    )
    report.add(
        "total of amzest, speed",
        sum(theirs.values()) / everything,
        rival="scikit-learn's",
        better="higher",
    )
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
