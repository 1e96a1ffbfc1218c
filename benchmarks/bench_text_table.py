"""How much slower is training with a larger embedding table of n-grams?

Times an epoch of `TextCNNClassifier` for several table sizes, relative to the smallest,
and measures the accuracy on a test set of 25 %. The baselines train the same module in
a hand-written loop, with a dense Adam for all parameters or torch's SparseAdam for the
tables.

    python benchmarks/bench_text_table.py --short
"""

from __future__ import annotations

import sys
import warnings

from side_by_side import Report, parse_arguments
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from text_training import Epochs, titles_and_categories

from amzest import TextCNNClassifier

#: Numbers of rows of the n-gram table, smallest first.
SIZES = (2**14, 2**16, 2**18)

#: Maximum time with the largest table, relative to the smallest.
TARGET = 1.3


def main() -> int:
    options = parse_arguments(__doc__)
    warnings.simplefilter("ignore")
    report = Report(__doc__.splitlines()[0], options)
    titles, categories, source = titles_and_categories(
        2_500 if options.short else 8_000
    )
    print(f"  {len(titles)} of {source}")
    smallest, largest = (
        Epochs(
            TextCNNClassifier(n_buckets=size, random_state=0),
            titles,
            categories,
            "float32",
        )
        for size in (SIZES[0], SIZES[-1])
    )
    few = 8  # steps of a dense Adam are slow, and take equally long
    for who, larger, small, target in (
        ("amzest", largest.with_amzest, smallest.with_amzest, TARGET),
        (
            "by hand, SparseAdam",
            largest.by_hand("sparse_adam"),
            smallest.by_hand("sparse_adam"),
            None,
        ),
        (
            "by hand, dense Adam",
            largest.by_hand("dense_adam", few),
            smallest.by_hand("dense_adam", few),
            None,
        ),
    ):
        report.compare(
            f"{who}, {SIZES[-1]:,} rows",
            {f"{SIZES[-1]:,} rows": larger, f"{SIZES[0]:,} rows": small},
            reference=f"{SIZES[0]:,} rows",
            better="lower",
            target=target,
        )
    report.compare(
        f"amzest at {SIZES[-1]:,} rows",
        {
            "amzest": largest.with_amzest,
            "by hand, dense Adam": largest.by_hand("dense_adam", few),
        },
        reference="by hand, dense Adam",
    )
    if not options.short:
        X_train, X_test, y_train, y_test = train_test_split(
            titles, categories, test_size=0.25, stratify=categories, random_state=0
        )
        for size in SIZES:
            classifier = TextCNNClassifier(n_buckets=size, random_state=0)
            predicted = classifier.fit(X_train, y_train).predict(X_test)
            accuracy = accuracy_score(y_test, predicted)
            report.add(f"accuracy, {size:,} rows", accuracy, better="higher")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
