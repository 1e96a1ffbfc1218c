"""How fast is tokenization, compared with scikit-learn's HashingVectorizer?

Words: tokenization into words and subwords and learning the vocabulary, compared with
the default `HashingVectorizer`. Everything: all features that `fit` of a text
classifier computes (words, word pairs, character n-grams, TF-IDF), compared with two
`HashingVectorizer` that compute these features. `fit` tokenizes each text once, not
once per epoch: the last value is the number of tokenized cells per cell of the table.

    python benchmarks/bench_tokenise.py --short
"""

from __future__ import annotations

import sys
import warnings
from typing import Any
from unittest import mock

import numpy as np
from side_by_side import Report, parse_arguments
from sklearn.feature_extraction.text import HashingVectorizer
from text_training import titles_and_categories

from amzest import TextCNNClassifier
from amzest.text import _recent_texts
from amzest.text._columns import text_columns
from amzest.text._tokens import tokenise
from amzest.text._vocabulary import learn_vocabulary


def main() -> int:
    options = parse_arguments(__doc__)
    warnings.simplefilter("ignore")
    report = Report(__doc__.splitlines()[0], options)
    titles, categories, source = titles_and_categories(
        4_000 if options.short else 12_600
    )
    print(f"  {len(titles)} of {source}")
    n_rows = len(titles)

    def cut_and_number() -> int:
        texts = tokenise(text_columns(titles)[0], 64)
        learn_vocabulary(texts.words, np.ones(n_rows), 1)
        return n_rows

    def hash_words() -> int:
        HashingVectorizer().transform(titles)
        return n_rows

    def read_everything() -> int:
        classifier = TextCNNClassifier()
        # Not `_read`, which caches the texts of the previous run.
        read = tokenise(text_columns(titles)[0], 64)
        classifier._learn_encoding(read, np.arange(n_rows), np.ones(n_rows))
        inputs: Any = classifier._encode(read)
        inputs.linear_matrix(np.arange(n_rows))
        return n_rows

    def hash_everything() -> int:
        HashingVectorizer(ngram_range=(1, 2)).transform(titles)
        HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5)).transform(titles)
        return n_rows

    for what, ours, theirs in (
        ("words", cut_and_number, hash_words),
        ("everything", read_everything, hash_everything),
    ):
        report.compare(
            what,
            {"amzest": ours, "HashingVectorizer": theirs},
            reference="HashingVectorizer",
            target=1.0,
            clock="processor",
        )
    with mock.patch.object(_recent_texts, "tokenise", wraps=tokenise) as counted:
        few = slice(0, 500)
        TextCNNClassifier(max_epochs=3, early_stopping=True).fit(
            titles[few], categories[few]
        )
    cells = sum(call.args[0].size for call in counted.call_args_list)
    report.add(
        "cells tokenized in fit per cell", cells / 500, target=1.0, better="lower"
    )
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
