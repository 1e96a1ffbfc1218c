"""TF-IDF and a linear support vector machine: the baseline of text networks."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC


def join_texts(texts: pd.DataFrame) -> pd.Series:
    """Return one string per row."""
    return texts.fillna("").agg(" ".join, axis=1)


def linear_text(**settings: Any) -> Pipeline:
    """Build a pipeline of TF-IDF (words, word pairs, character n-grams) and an SVM."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True
    )
    return make_pipeline(
        FunctionTransformer(join_texts),
        make_union(words, characters),
        LinearSVC(**settings),
    )
