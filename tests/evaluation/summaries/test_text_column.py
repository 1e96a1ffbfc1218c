import numpy as np
import pandas as pd
import pytest

from amzest.evaluation._summaries._text_column import (
    VocabularyBuilder,
    check_texts,
    summarize_texts,
)


def vocabulary_of(*parts):
    builder = VocabularyBuilder()
    for part in parts:
        builder.add(pd.Series(part, dtype=object))
    return builder.build()


def summarize(texts, vocabulary, *, is_reference=False):
    generator = np.random.default_rng(0)
    column = pd.Series(texts, dtype=object, name="title")
    return summarize_texts(column, vocabulary, generator, is_reference=is_reference)


REFERENCE = ["blue mug", "red mug", None, "Blue lamp lamp"]


def test_unseen_words_of_new_rows():
    found = summarize(["blue cup", "cup cup", "mug"], vocabulary_of(REFERENCE))
    assert found.n_unseen.tolist() == [1, 2, 0]
    assert found.unseen_shares.tolist() == [0.5, 1, 0]
    assert found.unseen_words == {"cup": 2}
    assert found.vocabulary is None


def test_words_of_one_row_of_the_reference_are_unseen_there():
    vocabulary = vocabulary_of(REFERENCE)
    found = summarize(REFERENCE, vocabulary, is_reference=True)
    assert found.n_missing == 1
    assert found.n_words.tolist() == [2, 2, 3]
    assert found.n_unseen.tolist() == [0, 1, 2]
    assert found.unseen_words == {}


def test_vocabulary_does_not_depend_on_the_parts():
    whole, parts = vocabulary_of(REFERENCE), vocabulary_of(REFERENCE[:1], REFERENCE[1:])
    assert whole.hashes.tolist() == parts.hashes.tolist()
    assert whole.in_one_row.tolist() == parts.in_one_row.tolist()
    assert whole.in_one_row.sum() == 2


def test_expected_share_of_unseen_words_is_that_of_new_rows():
    generator = np.random.default_rng(0)
    numbers = generator.zipf(1.3, size=(4000, 4)) % 10**6
    texts = [" ".join(map(str, row)) for row in numbers]
    old, new = texts[:2000], texts[2000:]
    vocabulary = vocabulary_of(old)
    expected = summarize(old, vocabulary, is_reference=True).n_unseen.mean()
    assert summarize(new, vocabulary).n_unseen.mean() == pytest.approx(
        expected, rel=0.1
    )


def test_words_are_kept_as_hashes_of_some_texts():
    found = summarize(["a b", "a"], vocabulary_of(["x"]))
    texts = np.split(found.hashes, found.offsets[1:-1])
    assert sorted(map(len, texts)) == [1, 2]
    assert len(np.unique(found.hashes)) == 2


def test_only_missing_texts():
    vocabulary = vocabulary_of([None, ""])
    found = summarize([None, ""], vocabulary, is_reference=True)
    assert (found.n_missing, len(found.hashes)) == (2, 0)


def test_cell_of_another_type_raises():
    with pytest.raises(TypeError, match=r"'title' row 8 .*expected text, found int"):
        check_texts(pd.Series(["mug", 3], name="title", dtype=object), 7)
    check_texts(pd.Series(["mug", None, np.nan], dtype=object), 0)
