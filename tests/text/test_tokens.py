"""Words, chunks, separators and hashes of n-grams."""

import re
import time
import tracemalloc
import unicodedata

import numpy as np
import pytest
from text_inputs import KINDS, SMALL, TITLES, words_in

from amzest import TextCNNClassifier
from amzest.text._tokens import (
    SEPARATOR,
    hash_ngrams,
    hash_pairs,
    hash_words,
    tokenise,
)

MASK = 2**64 - 1

#: What this project's hashes are, once and for all.
WORD_HASHES = [1962351819267236478, 2006656234018359679, 7759667078444184769]
NGRAM_HASHES = [15261949118238010888, 16731952625081656921, 12421834596074284946]
PAIR_HASH = [5830454534228901338]


def words_of(*texts, max_length=64):
    return words_in(tokenise(np.array([texts], dtype=object), max_length).words)[0]


def chunks_of(*texts, max_length=64):
    return words_in(tokenise(np.array([texts], dtype=object), max_length).chunks)[0]


def slow_ngrams(word, shortest, longest):
    """Hash the n-grams of one word in pure Python."""
    if word.startswith(SEPARATOR):
        return []
    framed = f"<{word[:40]}>"
    hashes = []
    for start in range(len(framed)):
        for n in range(shortest, min(longest, len(framed) - start) + 1):
            value = 1
            for letter in framed[start : start + n]:
                value = (value * 0x100000001B3 + ord(letter)) & MASK
            hashes.append(mixed(value) | 2**63)
    return hashes


def slow_word(word):
    """Hash one word in pure Python."""
    value = 0
    for letter in word:
        value = (value * 0x9E3779B97F4A7C15 + ord(letter)) & MASK
    return mixed((value + len(word)) & MASK) & MASK >> 1


def mixed(value):
    value ^= value >> 33
    value = (value * 0xFF51AFD7ED558CCD) & MASK
    return value ^ (value >> 33)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Red MUG", ["red", "mug"]),
        ("mug 12oz, 7x3", ["mug", "12oz", "7x3"]),
        ("3.5mm USB-C (new!)", ["3", "5mm", "usb", "c", "new"]),
        ("\uff46\uff55\uff4c\uff4c width", ["full", "width"]),
        ("ﬁne ½ ㎏", ["fine", "1", "2", "kg"]),
        ("Émile cafe\u0301", ["émile", "café"]),
        ("no\u00a0break\u2003space", ["no", "break", "space"]),
        ("日本語 マグ", ["日本語", "マグ"]),
        ("under_score", ["under_score"]),
        ("☕ !!!", []),
        ("", []),
    ],
)
def test_words(text, words):
    assert words_of(text) == words


def test_chunks_keep_their_punctuation():
    assert chunks_of(" USB-C,\t(NEW!)\n12oz ") == ["usb-c,", "(new!)", "12oz"]
    assert chunks_of("☕ !!!") == ["☕", "!!!"]


def test_only_several_columns_have_separators():
    assert words_of("red mug") == ["red", "mug"]
    assert words_of("red", "", "mug") == ["\x020", "red", "\x021", "\x022", "mug"]
    assert chunks_of("red", "", "mug") == ["red", "mug"]


def test_no_word_of_a_text_is_a_separator():
    assert words_of("\x020 red\x021", "mug") == [
        "\x020",
        "0",
        "red",
        "1",
        "\x021",
        "mug",
    ]


def test_max_length_truncates_each_cell():
    assert words_of("a b c d", "e f g", max_length=2) == [
        "\x020", "a", "b", "\x021", "e", "f",
    ]  # fmt: skip
    assert chunks_of("a-b c-d e-f", max_length=2) == ["a-b", "c-d"]


def test_distinct_words_are_numbered_as_they_appear():
    cells = np.array([["b A"], ["!"], ["a c a"]], dtype=object)
    texts = tokenise(cells, 64)
    assert texts.words.words == ["b", "a", "c"]
    assert texts.words.tokens.tolist() == [0, 1, 1, 2, 1]
    assert texts.words.offsets.tolist() == [0, 2, 2, 5]
    assert words_in(texts.chunks) == [["b", "a"], ["!"], ["a", "c", "a"]]
    assert len(texts) == len(texts.words) == len(texts.chunks) == 3


def test_columns_of_a_sample_are_adjacent():
    texts = tokenise(np.array([["a", "b"], ["", "c"]], dtype=object), 4)
    separators = ["\x020", "\x021"]
    assert words_in(texts.words) == [
        [separators[0], "a", separators[1], "b"],
        [*separators, "c"],
    ]
    assert words_in(texts.chunks) == [["a", "b"], ["c"]]


@pytest.mark.parametrize(("shortest", "longest"), [(2, 5), (1, 1), (3, 3), (4, 9)])
def test_ngrams_equal_a_slow_reference(shortest, longest):
    words = [
        "mug",
        "a",
        f"{SEPARATOR}0",
        "12oz",
        "",
        "日本語",
        "☕🏺",
        "\ud800x",
        "x" * 39,
        "y" * 40,
        "z" * 41,
        "long" * 1000,
        "mug,",
        "mug",
    ]
    hashes, offsets = hash_ngrams(words, shortest, longest)
    assert hashes.dtype == np.uint64
    assert offsets.dtype == np.int64
    assert len(offsets) == len(words) + 1
    for i, word in enumerate(words):
        found = hashes[offsets[i] : offsets[i + 1]].tolist()
        assert found == slow_ngrams(word, shortest, longest), word


def test_hashes_of_words_equal_a_slow_reference():
    words = ["mug", "", "日本語", "☕🏺", "\ud800", "a", "", "x" * 70_000, "mug", "gum"]
    hashes = hash_words(words)
    assert hashes.dtype == np.uint64
    assert hashes.tolist() == [slow_word(word) for word in words]
    assert len(set(hashes.tolist())) == len(set(words))


def test_hashes_of_words_and_pairs_come_before_those_of_ngrams():
    words = [f"{letter}{number}" for letter in "aé日" for number in range(100)]
    hashes = hash_words(words)
    pairs = hash_pairs(hashes, hashes[::-1])
    assert max(hashes.max(), pairs.max()) < hash_ngrams(words, 1, 9)[0].min()


def test_ngrams_of_no_words():
    for words in ([], [f"{SEPARATOR}0"], ["a"]):
        hashes, offsets = hash_ngrams(words, 7, 9)
        assert hashes.tolist() == []
        assert offsets.tolist() == [0] * (len(words) + 1)


def test_ngrams_distinguish_prefixes_suffixes_and_lengths():
    hashes, _ = hash_ngrams(["aaa"], 1, 3)
    # <, a, > and <a, aa, a> and <aa, aaa, aa>: of 12 n-grams nine differ.
    assert len(hashes) == 12
    assert len(set(hashes.tolist())) == 9


def test_only_forty_characters_have_ngrams():
    hashes, offsets = hash_ngrams(["x" * 40 + "one", "x" * 40 + "two"], 2, 5)
    first, second = hashes[: offsets[1]], hashes[offsets[1] :]
    assert first.tolist() == second.tolist()


def test_hashes_are_the_same_in_every_process():
    # Saved classifiers contain hashes: other values would break them.
    assert hash_words(["mug", "日本語", "\ud800"]).tolist() == WORD_HASHES
    assert hash_ngrams(["a"], 2, 3)[0].tolist() == NGRAM_HASHES
    first, second = hash_words(["red"]), hash_words(["mug"])
    assert hash_pairs(first, second).tolist() == PAIR_HASH
    assert hash_pairs(second, first).tolist() != PAIR_HASH


def test_hash_of_no_words():
    assert hash_words([]).dtype == np.uint64
    assert len(hash_words([])) == 0


#: A cell of 1 MB each that must not take long, nor much memory.
GIANTS = {
    "alternating marks": "a" + "\u0301\u0327" * 250_000,
    "marks of five classes": "a" + "\u0334\u0327\u0301\u05b0\u064b" * 100_000,
    "marks in half width": "\uff76" + "\uff9e\u0301" * 165_000,
    "marks beyond 16 bits": "a" + "\U0001e8d0\U0001d165" * 125_000,
    "zero width joiners": "\u200d" * 350_000,
    "one long word": "a" * 1_000_000,
    "one long word, not ASCII": "é" * 500_000,
    "ligatures of four words": "\ufdfa" * 350_000,
    "final sigma": "Σ\u0301" * 250_000,
    "many words": "ab " * 333_000,
    "spaces": " " * 1_000_000,
    "lone surrogates": "\ud800" * 330_000,
}


@pytest.mark.parametrize("kind", GIANTS)
def test_huge_cells_need_little_time_and_memory(kind):
    cells = np.array([[GIANTS[kind]]], dtype=object)
    tokenise(cells[:, :1], 1)  # builds the table of marks
    tracemalloc.start()
    start = time.process_time()
    tokens = tokenise(cells, 64)
    seconds = time.process_time() - start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 2
    assert peak < 40 * 2**20
    assert len(words_in(tokens.words)[0]) <= 64


def test_networks_accept_huge_cells():
    X = TITLES + list(GIANTS.values())
    y = KINDS + ["shoes"] * len(GIANTS)
    start = time.process_time()
    model = TextCNNClassifier(**SMALL).fit(X, y)
    proba = model.predict_proba(X)
    assert time.process_time() - start < 2 * len(GIANTS)
    assert np.isfinite(proba).all()
    assert max(map(len, model.vocabulary_)) <= 256_000


@pytest.mark.parametrize("n_characters", [60, 600, 63_000])
def test_texts_up_to_the_limit_are_complete(n_characters):
    text = ("Größe №5, cafe\u0301 " + "-" * 40 + " ﬁne ") * (n_characters // 60)
    old = unicodedata.normalize("NFKC", text).lower()
    assert words_of(text, max_length=10_000) == re.findall(r"\w+", old)
    assert chunks_of(text, max_length=10_000) == old.split()
    assert words_of(text) == re.findall(r"\w+", old)[:64]


def test_truncated_texts_keep_the_first_words_of_each_cell():
    cells = np.array([["a b c d", "e f g"], ["", "h i"], ["j", "k l m n"]], object)
    words = tokenise(cells, 100).words
    short = words.truncated(2)
    of_texts = words_in(short)
    first, second = f"{SEPARATOR}0", f"{SEPARATOR}1"
    assert of_texts == [
        [first, "a", "b", second, "e", "f"],
        [first, second, "h", "i"],
        [first, "j", second, "k", "l"],
    ]
    assert set(short.words) == {word for text in of_texts for word in text}
    assert words.truncated(100) is words
    one = tokenise(np.array([["a b c"], [""], ["d"]], object), 100).words.truncated(1)
    assert np.diff(one.offsets).tolist() == [1, 0, 1]
    same = tokenise(cells, 2).words
    assert words_in(same) == of_texts
