"""The features of the linear part equal those of two TfidfVectorizers."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from text_inputs import tokens_of

from amzest.text import _linear_features
from amzest.text._linear_features import (
    LinearFeatures,
    NumberedFeatures,
    count_features,
    learn_linear_features,
)

TEXTS = [
    "Red mug, red MUG and a red saucer",
    "Desk lamp (new!) 12oz",
    "mug",
    "a b a b a",
    "lamp-shade; lamp... lamp",
    "Émile's café mug ☕",
]
UNSEEN = ["red lamps and mugs", "desk", "mug mug mug zzzz"]


def learn(texts, weights=None, *, ngram_range=(2, 5), **options):
    settings = {"min_count": 1, "max_features": 10**6}
    return learn_linear_features(
        count_features(tokens_of(texts), *ngram_range),
        np.ones(len(texts)) if weights is None else np.asarray(weights, float),
        **{**settings, **options},
    )


def encode(features, texts):
    """Return the features of each text, as a dict of value by hash."""
    tokens = tokens_of(texts)
    count_features(tokens, 2, 5)
    matrix = features.matrix(tokens, 2, 5)
    assert matrix.shape == (len(texts), len(features.keys))
    assert matrix.dtype == np.float32
    assert matrix.indices.dtype == matrix.indptr.dtype == np.int32
    assert matrix.has_canonical_format
    found, values = features.keys[matrix.indices], matrix.data
    rows = [slice(*pair) for pair in pairwise(matrix.indptr)]
    return [
        dict(zip(found[row].tolist(), values[row].tolist(), strict=True))
        for row in rows
    ]


def scikit_learns(training, texts):
    """Return the values of two TfidfVectorizers side by side, sorted in each text."""
    words = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\w+", ngram_range=(1, 2))
    letters = TfidfVectorizer(sublinear_tf=True, analyzer="char_wb", ngram_range=(2, 5))
    counted = [v.fit(training).transform(texts) for v in (words, letters)]
    n_features = sum(len(v.vocabulary_) for v in (words, letters))
    return [
        np.sort(np.concatenate([block[i].data for block in counted]))
        for i in range(len(texts))
    ], n_features


def same_features(first, second):
    np.testing.assert_array_equal(first.keys, second.keys)
    np.testing.assert_allclose(first.idf, second.idf, rtol=1e-6)


@pytest.mark.parametrize("texts", [TEXTS, UNSEEN], ids=["training", "unseen"])
def test_values_are_those_of_two_tfidf_vectorizers(texts):
    features = learn(TEXTS)
    theirs, n_features = scikit_learns(TEXTS, texts)
    assert len(features.keys) == n_features
    for ours, expected in zip(encode(features, texts), theirs, strict=True):
        np.testing.assert_allclose(sorted(ours.values()), expected, rtol=1e-5)


def test_rows_of_the_matrix_are_in_any_order(monkeypatch):
    monkeypatch.setattr(_linear_features, "_TEXTS_PER_PART", 2)
    features, rows = learn(TEXTS), np.array([4, 0, 0, 5, 2])
    matrix = features.matrix(tokens_of(TEXTS), 2, 5)
    some = features.matrix_of(features.known(tokens_of(TEXTS), 2, 5), rows)
    assert (some != matrix[rows]).nnz == 0
    none = features.matrix_of(features.known(tokens_of(TEXTS), 2, 5), rows[:0])
    assert none.shape == (0, len(features.keys))


def test_features_of_counted_texts_equal_those_of_texts_that_are_looked_up():
    features = learn(TEXTS, max_features=50)
    counted, others = tokens_of(TEXTS + UNSEEN), tokens_of(TEXTS + UNSEEN)
    count_features(counted, 2, 5)
    assert not others.counted
    difference = features.matrix(counted, 2, 5) != features.matrix(others, 2, 5)
    assert difference.nnz == 0
    assert not others.counted, "the features of new texts are not kept"


@pytest.mark.parametrize("n_features", [7, 2**20, 2**31 - 1])
def test_counts_are_those_of_any_number_of_features(n_features):
    rng = np.random.default_rng(0)
    # Texts of 0 to 4 words and of 0 to 3 chunks; the last feature occurs.
    words = rng.integers(0, 4, 200).astype(np.int32)
    ngrams = rng.integers(n_features - 3, n_features, 60).astype(np.int32)
    word_offsets = np.append(0, np.cumsum(rng.integers(0, 5, 100)))
    word_offsets = np.minimum(word_offsets, len(words))
    chunks = rng.integers(0, 20, 150).astype(np.int32)
    chunk_offsets = np.append(0, np.cumsum(rng.integers(0, 4, 100)))
    chunk_offsets = np.minimum(chunk_offsets, len(chunks))
    numbered = NumberedFeatures(
        words,
        word_offsets,
        ngrams,
        np.arange(0, 61, 3),
        chunks,
        chunk_offsets,
        4,
        n_features,
    )
    texts = rng.permutation(100)
    features, counts, blocks = numbered.count(texts)
    assert features.dtype == np.int32
    for place, text in enumerate(texts):
        of_chunks = chunks[slice(*chunk_offsets[text : text + 2])]
        expected = Counter(words[slice(*word_offsets[text : text + 2])].tolist())
        for chunk in of_chunks:
            expected.update(ngrams[3 * chunk : 3 * chunk + 3].tolist())
        start, middle, end = blocks[2 * place : 2 * place + 3]
        found = features[start:end].tolist()
        assert dict(zip(found, counts[start:end].tolist(), strict=True)) == expected
        assert found == sorted(found)
        assert (features[start:middle] < 4).all()
        assert (features[middle:end] >= 4).all()


def test_the_matrix_of_no_known_feature_is_empty():
    matrix = learn(TEXTS).matrix(tokens_of(["", "日本語"]), 2, 5)
    assert matrix.shape[0] == 2
    assert matrix.nnz == 0


def test_keys_are_sorted_and_unique():
    features = learn(TEXTS)
    assert features.keys.dtype == np.uint64
    assert features.idf.dtype == np.float32
    assert (features.keys[:-1] < features.keys[1:]).all()


def test_each_block_has_length_one():
    for text in encode(learn(TEXTS), TEXTS):
        assert sum(value**2 for value in text.values()) == pytest.approx(2)


def test_pairs_do_not_reach_into_the_next_text():
    together = learn(["red mug"] * 2, ngram_range=(30, 30))
    apart = learn(["red", "mug"] * 2, ngram_range=(30, 30))
    assert len(together.keys) == 3
    assert len(apart.keys) == 2
    assert set(apart.keys) < set(together.keys)


@pytest.mark.parametrize("min_count", [1, 2, 3])
def test_min_count_is_a_number_of_texts(min_count):
    features = learn(["mug mug mug", "mug", "lamp", "mug lamp"], min_count=min_count)
    # mug occurs in 3 texts, lamp in 2, with their n-grams; each pair in one.
    n_grams = 4 + 3 + 2 + 1  # <mug>
    expected = {1: 2 + 2 + n_grams + 14, 2: 2 + n_grams + 14, 3: 1 + n_grams}
    assert len(features.keys) == expected[min_count]


def test_max_features_keeps_the_most_frequent():
    texts = ["mug", "mug", "mug", "lamp", "lamp", "vase"]
    everything = learn(texts)
    frequent = learn(texts, max_features=11)  # "mug" and its ten n-grams
    assert len(frequent.keys) == 11
    assert set(frequent.keys) < set(everything.keys)
    mug, lamp = encode(frequent, ["mug", "lamp"])
    assert len(mug) == 11
    assert lamp == {}
    assert len(learn(texts, max_features=1).keys) == 1
    same_features(learn(texts, max_features=len(everything.keys)), everything)


def test_weights_count_as_repetition():
    weights = [1, 2, 3, 1, 2, 1]
    repeated = [t for t, n in zip(TEXTS, weights, strict=True) for _ in range(n)]
    for options in ({}, {"min_count": 2}, {"max_features": 20}):
        same_features(learn(TEXTS, weights, **options), learn(repeated, **options))


def test_texts_of_weight_0_are_ignored():
    same_features(learn(["mug", "lamp", "mug", ""], [1, 0, 1, 0]), learn(["mug"] * 2))


def test_the_same_texts_are_counted_once():
    texts = tokens_of(TEXTS)
    assert count_features(texts, 2, 5) is count_features(texts, 2, 5)
    other = count_features(texts, 2, 3)
    assert len(other.keys) < len(count_features(texts, 2, 5).keys)


def test_texts_without_a_known_feature_have_none():
    features = learn(TEXTS)
    assert encode(features, ["日本語", "", "☃", "mug"])[:3] == [{}, {}, {}]
    assert encode(features, ["日本語"]) == [{}]
    nothing = LinearFeatures(features.keys[:0], features.idf[:0])
    assert encode(nothing, TEXTS) == [{}] * len(TEXTS)


def test_all_texts_of_weight_0():
    features = learn(["", "  "])
    assert len(features.keys) == len(features.idf) == 0
    assert encode(features, ["mug"]) == [{}]


def test_a_text_does_not_depend_on_the_others():
    features = learn(TEXTS)
    together = encode(features, TEXTS)
    for text, expected in zip(TEXTS, together, strict=True):
        assert encode(features, [text]) == [expected]


def test_counting_in_parts_changes_nothing(monkeypatch):
    whole = learn(TEXTS)
    encoded = encode(whole, TEXTS)
    monkeypatch.setattr(_linear_features, "_TEXTS_PER_PART", 2)
    same_features(learn(TEXTS), whole)
    assert encode(whole, TEXTS) == encoded
