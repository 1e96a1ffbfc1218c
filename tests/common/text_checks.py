"""Checks of text classifiers: word vectors of a file, columns, weights."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from text_inputs import KINDS, TITLES

#: Words of no training text, each with the vector of a word that occurs in one.
UNSEEN = {"clog": "shoe", "hoe": "rake"}


def write_vectors(folder: Path, *, header: bool = False) -> tuple[Path, dict]:
    """Write 4 numbers per word; words of one category are similar."""
    rng = np.random.default_rng(0)
    shoes = {word for text in TITLES[:4] for word in text.split()}
    words = sorted({word for text in TITLES for word in text.split()})
    centre = np.array([3.0, -3.0, 0.0, 0.0])
    vectors = {
        word: (centre if word in shoes else -centre) + rng.normal(0, 0.3, 4).round(3)
        for word in words
    }
    vectors.update({new: vectors[old] for new, old in UNSEEN.items()})
    vectors = {word: vector.astype(np.float32) for word, vector in vectors.items()}
    path = folder / "vectors.txt"
    lines = [f"{len(vectors)} 4"] if header else []
    lines += [" ".join([w, *map(str, v.tolist())]) for w, v in vectors.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path, vectors


def pretrained_of(model):
    return {
        word: model.weights_["pretrained"][row]
        for word, row in model.embedding_rows_.items()
    }


def check_frozen_vectors_stay_exactly(classifier, folder):
    path, vectors = write_vectors(folder, header=True)
    model = clone(classifier).set_params(embeddings=path).fit(TITLES, KINDS)
    found = pretrained_of(model)
    assert found.keys() == vectors.keys()
    for word, vector in vectors.items():
        np.testing.assert_array_equal(found[word], vector)
    assert (model.weights_["pretrained"][0] == 0).all()
    assert model.architecture_["embedding_size"] == 4, "the file decides"
    n_features = model.architecture_["n_features_out"] + 2
    assert model.transform(TITLES).shape == (len(TITLES), n_features)


def check_trained_vectors_move(classifier, folder):
    path, vectors = write_vectors(folder)
    model = clone(classifier).set_params(embeddings=path, train_embeddings=True)
    found = pretrained_of(model.fit(TITLES, KINDS))
    for word, vector in vectors.items():
        assert (found[word] == vector).all() == (word in UNSEEN), word


def check_words_of_the_file_are_known_in_prediction(classifier, folder):
    path, vectors = write_vectors(folder)
    quiet = {"dropout": 0.0, "token_dropout": 0.0, "embedding_dropout": 0.0}
    learning = {"max_epochs": 15, "learning_rate": 0.02}
    model = clone(classifier).set_params(embeddings=path, **learning, **quiet)
    model.fit(TITLES * 3, KINDS * 3)
    assert model.predict(list(UNSEEN)).tolist() == ["shoes", "garden"]
    proba = model.predict_proba(list(UNSEEN))
    for word in UNSEEN:
        del model.embedding_rows_[word]
    assert np.abs(model.predict_proba(list(UNSEEN)) - proba).max(axis=1).min() > 0.05

    seen_only = clone(model).set_params(max_embeddings=0, max_epochs=1)
    rows = seen_only.fit(TITLES, KINDS).embedding_rows_
    assert rows.keys() == vectors.keys() - UNSEEN.keys()


def check_the_file_is_not_needed_after_fit(classifier, folder):
    path, _ = write_vectors(folder)
    model = clone(classifier).set_params(embeddings=path).fit(TITLES, KINDS)
    texts = [*TITLES[:8], *UNSEEN, None]
    proba = model.predict_proba(texts)
    path.unlink()
    np.testing.assert_array_equal(model.predict_proba(texts), proba)
    copied = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copied.predict_proba(texts), proba)
    with pytest.raises(ValueError, match=r"`embeddings` is .*no such file"):
        clone(model).fit(TITLES, KINDS)
    without = model.set_params(embeddings=None).fit(TITLES, KINDS)
    assert without.embedding_rows_ == {}
    assert without.architecture_["n_pretrained"] == 0
    assert len(without.weights_["pretrained"]) == 0


EMBEDDING_CHECKS = [
    check_frozen_vectors_stay_exactly,
    check_trained_vectors_move,
    check_words_of_the_file_are_known_in_prediction,
    check_the_file_is_not_needed_after_fit,
]


def check_max_length_truncates_each_column(classifier):
    model = clone(classifier).set_params(max_length=3).fit(TITLES, KINDS)
    assert model.max_length_ == 3
    texts = ["red running shoe", "garden hose, long"]
    longer = [f"{text} boot spade leather" for text in texts]
    np.testing.assert_array_equal(
        model.predict_proba(longer), model.predict_proba(texts)
    )
    whole = clone(classifier).fit(TITLES, KINDS)
    assert (whole.predict_proba(longer) != whole.predict_proba(texts)).all()
    # Parameters that are set after `fit` have no effect.
    proba = model.predict_proba(longer)
    model.set_params(max_length=64, ngram_range=(3, 3), n_buckets=64, min_count=9)
    np.testing.assert_array_equal(model.predict_proba(longer), proba)


def check_two_columns(classifier):
    import pandas as pd

    frame = pd.DataFrame({"title": TITLES, "description": TITLES[::-1]})
    frame.loc[3, "title"] = None
    frame.loc[4, ["title", "description"]] = ["", np.nan]
    model = clone(classifier).set_params(max_length=3).fit(frame, KINDS)
    assert model.n_features_in_ == 2
    assert model.feature_names_in_.tolist() == ["title", "description"]
    assert {"\x020", "\x021"} < model.vocabulary_.keys()
    proba = model.predict_proba(frame)
    np.testing.assert_array_equal(proba[4], model.class_prior_)
    assert (proba[3] != model.class_prior_).any()
    np.testing.assert_array_equal(model.predict_proba(frame.to_numpy()), proba)
    with pytest.raises(ValueError, match="columns in the same order"):
        model.predict(frame[["description", "title"]])
    # The maximum number of tokens: both columns full, with their separators.
    full = pd.DataFrame({"title": ["a b c d"], "description": ["e f g h"]})
    assert np.isfinite(model.predict_proba(full)).all()


def check_scale_of_weights_has_no_effect(classifier):
    plain = clone(classifier).fit(TITLES, KINDS)
    for weight in (1 / len(TITLES), 1e-6):
        model = clone(classifier).fit(TITLES, KINDS, np.full(len(TITLES), weight))
        assert model.vocabulary_ == plain.vocabulary_
        for ours, expected in zip(
            (model.linear_features_.keys, model.linear_features_.idf),
            (plain.linear_features_.keys, plain.linear_features_.idf),
            strict=True,
        ):
            np.testing.assert_array_equal(ours, expected)
        np.testing.assert_allclose(
            model.predict_proba(TITLES), plain.predict_proba(TITLES), atol=1e-4
        )


ROW_CHECKS = [
    check_max_length_truncates_each_column,
    check_two_columns,
    check_scale_of_weights_has_no_effect,
]

#: Shared parameters, an invalid value, and the message.
BAD_PARAMETERS = [
    ("embedding_size", 0, "embedding_size"),
    ("embedding_size", 2.5, "embedding_size"),
    ("embeddings", 3, "embeddings"),
    ("train_embeddings", "yes", "train_embeddings"),
    ("max_embeddings", -1, "max_embeddings"),
    ("max_length", 0, "max_length"),
    ("min_count", 0, "min_count"),
    ("ngram_range", (5, 2), r"`ngram_range` is \(5, 2\); expected two lengths"),
    ("ngram_range", (0, 2), "`ngram_range` is"),
    ("ngram_range", (2, 3, 4), "`ngram_range` is"),
    ("ngram_range", (2.0, 3), "`ngram_range` is"),
    ("ngram_range", 3, "ngram_range"),
    ("n_buckets", 0, "n_buckets"),
    ("linear_part", "yes", "linear_part"),
    ("max_features", 0, "max_features"),
    ("token_dropout", 1.0, "token_dropout"),
    ("embedding_dropout", -0.1, "embedding_dropout"),
    ("embedding_learning_rate", 0, "embedding_learning_rate"),
    ("dropout", 1.0, "dropout"),
]
