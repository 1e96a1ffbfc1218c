"""Contents of batches, and independence of samples."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse
from text_inputs import TITLES, Reader, tokens_of

from amzest.text._encoding import EncodedTexts, WordTable
from amzest.text._tokens import SEPARATOR, hash_ngrams, tokenise

TEXTS = ["red shoe", "garden hose", "red red garden rake"]


@pytest.fixture
def reader():
    return Reader(TITLES)


def rows_of_word(batch, place):
    """Return the table rows of a word of a batch (from 1), and their weights."""
    part = part_of(batch, "word", place - 1)
    return sorted(batch["word_rows"][part].tolist()), batch["word_weights"][
        part
    ].tolist()


def part_of(batch, prefix, bag):
    ends = [*batch[f"{prefix}_starts"].tolist(), len(batch[f"{prefix}_rows"])]
    return slice(ends[bag], ends[bag + 1])


def test_known_words_have_a_row_before_those_of_their_ngrams():
    table = WordTable({"mug": 0, f"{SEPARATOR}0": 1}, 16, 2, 3)
    words = ["mug", "mugs", f"{SEPARATOR}0", f"{SEPARATOR}9"]
    rows, starts = table.rows_of(words)
    hashes, offsets = hash_ngrams(words, 2, 3)
    buckets = (2 + hashes % np.uint64(16)).astype(int)
    assert rows[starts[0] : starts[1]].tolist() == [0, *buckets[: offsets[1]]]
    assert rows[starts[1] : starts[2]].tolist() == [*buckets[offsets[1] :]]
    assert rows[starts[2] :].tolist() == [1]
    assert starts[3] == starts[4], "a separator that was not seen has no row"


def test_padding_and_lengths(reader):
    batch = reader.batch(TEXTS)
    words = batch["words"].numpy()
    assert batch["lengths"].tolist() == [2, 2, 4]
    assert words.shape == (3, 4)
    assert ((words == 0) == (np.arange(4) >= [[2], [2], [4]])).all()


def test_words_of_texts_are_in_order(reader):
    batch = reader.batch(TEXTS)
    words = batch["words"].tolist()
    assert words[2][0] == words[2][1] == words[0][0], "red"
    assert words[2][2] == words[1][0], "garden"
    assert len({*words[0], *words[1], *words[2]}) == 1 + 5
    for word, place in (("red", words[0][0]), ("hose", words[1][1])):
        rows, starts = reader.table.rows_of([word])
        found, weights = rows_of_word(batch, place)
        assert found == sorted(rows.tolist())
        np.testing.assert_allclose(weights, 1 / np.sqrt(starts[1]), rtol=1e-6)


def test_batches_contain_distinct_words_once(reader):
    batch = reader.batch(["red garden", "garden red", "red red"] * 5)
    assert len(batch["word_starts"]) == 2
    assert set(batch["words"].unique().tolist()) == {1, 2}


def test_types_of_tensors(reader):
    batch = reader.batch(TEXTS, rng=np.random.default_rng(0))
    for name, tensor in batch.items():
        kind = str(tensor.dtype).removeprefix("torch.")
        if name.endswith(("weights", "shares")):
            assert kind == "float32", name
        elif name in {"words", "lengths"} or name.endswith("distinct"):
            assert kind == "int64", name
        else:
            assert kind == "int32", name


def test_only_training_batches_have_gradient_indices(reader):
    learnt = reader.batch(TEXTS, rng=np.random.default_rng(0))
    used = reader.batch(TEXTS)
    assert set(learnt) - set(used) == {
        f"word_{name}" for name in ("distinct", "owners", "shares", "owner_starts")
    }


def test_samples_do_not_depend_on_their_batch(reader):
    inputs = reader.encode(TEXTS)
    together = inputs.batch(np.array([2, 0, 1]))
    for place, row in enumerate([2, 0, 1]):
        for alone in (inputs.batch(np.array([row])), reader.batch([TEXTS[row]])):
            length = int(alone["lengths"][0])
            assert together["lengths"][place] == length
            for i in range(length):
                ours = rows_of_word(together, int(together["words"][place, i]))
                theirs = rows_of_word(alone, int(alone["words"][0, i]))
                assert ours == theirs


def test_token_dropout_hides_words_only_with_a_generator(reader):
    inputs = reader.encode(TITLES, token_dropout=0.5)
    rows = np.arange(len(TITLES))
    whole = inputs.batch(rows)
    plain = reader.batch(TITLES)
    for name, tensor in plain.items():
        assert (whole[name] == tensor).all(), name
    hidden = inputs.batch(rows, np.random.default_rng(0))
    assert hidden["lengths"].tolist() == whole["lengths"].tolist()
    inside = whole["words"].numpy() > 0
    share = (hidden["words"].numpy()[inside] == 0).mean()
    assert 0.2 < share < 0.8
    again = inputs.batch(rows, np.random.default_rng(0))
    assert again["words"].tolist() == hidden["words"].tolist()


def test_without_token_dropout_the_generator_is_unused(reader):
    rng = np.random.default_rng(0)
    reader.encode(TEXTS).batch(np.arange(3), rng)
    assert rng.random() == np.random.default_rng(0).random()


def test_all_words_may_be_hidden(reader):
    inputs = reader.encode(["red", "hose"], token_dropout=1 - 1e-12)
    batch = inputs.batch(np.arange(2), np.random.default_rng(0))
    assert batch["words"].tolist() == [[0], [0]]
    assert len(batch["word_rows"]) == len(batch["word_starts"]) == 0


def test_samples_without_words_are_missing(reader):
    inputs = reader.encode(["red", "", "!!! ☕", "unseen", "-1-"])
    assert inputs.present.tolist() == [True, False, False, True, True]
    assert inputs.sizes.tolist() == [1, 0, 0, 1, 1]
    assert len(inputs) == 5


def test_samples_of_separators_are_missing():
    cells = np.array([["red", ""], ["", ""], ["", "!"], ["", "hose"]], dtype=object)
    read = tokenise(cells, 8)
    assert Reader(read).encode(read).present.tolist() == [True, False, False, True]


def test_all_samples_are_missing(reader):
    inputs = reader.encode(["", ""])
    assert inputs.present.tolist() == [False, False]


def test_batches_contain_pretrained_rows():
    reader = Reader(TITLES, pretrained={"red": 3, "sandal": 1})
    batch = reader.batch(["red sandal hose", "sandal"])
    red, sandal, hose = batch["words"][0].tolist()
    pretrained = batch["pretrained_rows"].tolist()
    assert [pretrained[word - 1] for word in (red, sandal, hose)] == [3, 1, 0]
    assert "pretrained_rows" not in Reader(TITLES).batch(["red"])


def test_reading_and_encoding_needs_little_memory():
    # Titles of words from a Zipf distribution, and of a model number each.
    rng = np.random.default_rng(0)
    n = 8_000
    words = np.minimum(rng.zipf(1.3, (n, 10)), 20_000)
    cells = np.empty((n, 1), dtype=object)
    cells[:, 0] = [
        " ".join([f"{hashed:x}" for hashed in row * 7919 % 65_521] + [f"m{i}"])
        for i, row in enumerate(words)
    ]
    Reader(TITLES).batch(TITLES)  # imports torch and builds the table of marks
    tracemalloc.start()
    try:
        read = tokenise(cells, 64)
        inputs = Reader(read).encode(read)
        inputs.batch(np.arange(256), np.random.default_rng(0))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak / n < 3000


def test_the_linear_matrix_has_a_row_per_text(reader):
    inputs = reader.encode(TEXTS, token_dropout=0.5)
    matrix = inputs.linear_matrix(np.array([2, 0, 1]))
    assert matrix.shape == (3, len(reader.linear.keys))
    for row, text in zip(matrix.toarray(), np.array(TEXTS)[[2, 0, 1]], strict=True):
        (alone,) = reader.encode([text]).linear_matrix(np.array([0])).toarray()
        np.testing.assert_array_equal(row, alone)
    without = EncodedTexts(tokens_of(TEXTS), reader.table, None, 0.0, {}, 64)
    with pytest.raises(ValueError, match="without linear features"):
        without.linear_matrix(np.arange(3))


def test_linear_matrices_are_parts_of_the_linear_matrix(reader):
    rows = np.array([5, 0, 3, 3, 1, 2])
    parts = list(reader.encode(TITLES).linear_rows(rows).matrices(4))
    assert [part.shape[0] for part in parts] == [4, 2]
    whole = reader.encode(TITLES).linear_matrix(rows)
    assert (sparse.vstack(parts) != whole).nnz == 0


def test_a_text_of_unknown_characters_has_no_feature(reader):
    matrix = reader.encode(["日本語"]).linear_matrix(np.array([0]))
    assert matrix.nnz == 0
    assert len(reader.batch(["日本語"])["word_rows"]) > 0
    assert tokens_of(["日本語"]).words.words == ["日本語"]


def test_share_of_words_that_only_pretrained_vectors_know():
    reader = Reader(TITLES, pretrained={"red": 1, "clog": 2})
    texts = ["red shoe", "red clog", "clog", "red zqxv", "clog clog red"]
    share = reader.encode(texts).share_without_new_words(np.arange(5))
    red, clog = reader.linear.idf_of(["red", "clog"]).astype(float) ** 2
    assert clog == reader.linear.idf.astype(float).max() ** 2 >= red
    expected = [1, red / (red + clog), 0, 1, red / (red + 2 * clog)]
    np.testing.assert_allclose(share, expected)
    rows = np.array([4, 0])
    np.testing.assert_array_equal(
        reader.encode(texts).share_without_new_words(rows), share[rows]
    )
    without = Reader(TITLES).encode(texts)
    assert without.share_without_new_words(rows).tolist() == [1, 1]
