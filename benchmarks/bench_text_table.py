"""What does a larger table of n-gram vectors cost a training step?

An epoch of `TextCNNClassifier` at several sizes of the table, in turns: seconds
compared to the smallest table, and the accuracy on a quarter of the rows that was held
back. The rivals train the same module by hand with a dense Adam over all parameters,
and with torch's SparseAdam over the tables.

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

#: Rows of the table that n-grams share, smallest first.
SIZES = (2**14, 2**16, 2**18)

#: Most that the largest table may take, compared to the smallest.
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
    few = 8  # with a dense Adam every step costs the same, and much
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
