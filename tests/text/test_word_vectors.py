"""Files of word vectors in the formats of GloVe and word2vec, and invalid files."""

import gzip

import numpy as np
import pytest

from amzest.text._word_vectors import read_word_vectors

LINES = ["the 0.1 0.2 0.3", "mug 1 2 3", "lamp -4 5e-1 6", "rake 7 8 9"]


@pytest.fixture
def write(tmp_path):
    def write(*lines, name="vectors.txt", end="\n"):
        path = tmp_path / name
        data = (end.join(lines) + end).encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


def as_dict(result):
    rows, vectors, _ = result
    assert vectors.dtype == np.float32
    assert sorted(rows.values()) == list(range(1, len(vectors)))
    assert (vectors[0] == 0).all()
    return {word: vectors[row].tolist() for word, row in rows.items()}


MUG, LAMP, RAKE = [1.0, 2.0, 3.0], [-4.0, 0.5, 6.0], [7.0, 8.0, 9.0]


@pytest.mark.parametrize("name", ["vectors.txt", "vectors.txt.gz", "no suffix"])
def test_glove(write, name):
    path = write(*LINES, name=name)
    found = as_dict(read_word_vectors(path, {"mug", "lamp", "vase"}, 0))
    assert found == {"mug": MUG, "lamp": LAMP}
    assert as_dict(read_word_vectors(str(path), {"mug"}, 0)) == {"mug": MUG}


def test_word2vec_has_a_header(write):
    path = write("4 3", *(line + " " for line in LINES))
    found = as_dict(read_word_vectors(path, {"mug", "rake", "4"}, 0))
    assert found == {"mug": MUG, "rake": RAKE}


def test_other_line_endings(write):
    found = as_dict(read_word_vectors(write(*LINES, "", end="\r\n"), {"mug"}, 0))
    assert found == {"mug": MUG}


def test_words_with_spaces_and_special_characters(write):
    path = write("the 1 2 3", ". . . 4 5 6", "at name@domain.com 7 8 9", "x\x85y 1 1 1")
    found = as_dict(read_word_vectors(path, (), 100))
    assert list(found) == ["the", ". . .", "at name@domain.com", "x\x85y"]
    assert found[". . ."] == [4.0, 5.0, 6.0]


def test_first_words_are_always_kept(write):
    path = write(*LINES)
    assert list(as_dict(read_word_vectors(path, (), 2))) == ["the", "mug"]
    assert list(as_dict(read_word_vectors(path, ["rake"], 1))) == ["the", "rake"]
    assert len(read_word_vectors(path, (), 100)[0]) == 4


def test_the_first_of_two_spellings_is_used(write):
    path = write("Mug 1 2 3", "mug 4 5 6", "MUG 7 8 9", "lamp 0 0 1")
    assert as_dict(read_word_vectors(path, {"mug"}, 0)) == {"mug": MUG}


def test_no_word_in_common(write):
    rows, vectors, n_first = read_word_vectors(write(*LINES), {"vase"}, 0)
    assert rows == {}
    assert n_first == 0
    assert vectors.tolist() == [[0.0, 0.0, 0.0]]


def test_no_such_file(tmp_path):
    with pytest.raises(ValueError, match=r"`embeddings` is .*nowhere.*no such file"):
        read_word_vectors(tmp_path / "nowhere.txt", (), 1)
    with pytest.raises(ValueError, match="no such file"):
        read_word_vectors(tmp_path, (), 1)


def test_too_few_numbers_name_the_line(write):
    path = write(*LINES[:2], "lamp 1 2", LINES[3])
    with pytest.raises(ValueError, match="line 3: expected a word and 3 numbers"):
        read_word_vectors(path, (), 0)
    with pytest.raises(ValueError, match="line 2: expected a word and 1 numbers"):
        read_word_vectors(write("2 3", "alone"), (), 0)


def test_invalid_numbers_name_the_line(write):
    path = write(*LINES, "vase 1 two 3")
    with pytest.raises(ValueError, match=r"line 5: .*two"):
        read_word_vectors(path, {"vase"}, 0)


def test_an_empty_file(write):
    for path in (write(""), write("4 3"), write("", " ", name="blank.txt")):
        with pytest.raises(ValueError, match="contains no word vector"):
            read_word_vectors(path, (), 1)


def test_a_binary_file(tmp_path):
    path = tmp_path / "vectors.bin"
    numbers = np.array([-1.5, 300.25, 1e-8], dtype=np.float32).tobytes()
    path.write_bytes(b"1 3\nmug " + numbers + b"\n")
    with pytest.raises(ValueError, match=r"vectors.bin.*not a UTF-8 text file.*binary"):
        read_word_vectors(path, (), 1)


@pytest.mark.parametrize("before", [["4 3"], ["", "4 3"], ["", ""]])
def test_lines_without_words_are_not_counted(write, before):
    path = write(*before, *LINES)
    assert list(as_dict(read_word_vectors(path, (), 2))) == ["the", "mug"]


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e99"])
def test_numbers_must_be_finite(write, number):
    path = write(*LINES, f"vase 1 {number} 3")
    with pytest.raises(ValueError, match="line 5: "):
        read_word_vectors(path, {"vase"}, 0)


def test_a_broken_gzip_file(write, tmp_path):
    whole = write(*LINES, name="whole.txt.gz").read_bytes()
    for data in (whole[:-9], b"the 1 2 3", whole[:20] + b"xxxx" + whole[24:]):
        path = tmp_path / "broken.txt.gz"
        path.write_bytes(data)
        with pytest.raises(ValueError, match=r"broken\.txt\.gz"):
            read_word_vectors(path, {"mug"}, 0)


def test_words_are_normalised_like_tokens(write):
    path = write("\ufeffthe 0 0 0", "ﬁne 1 2 3", "CAFE\u0301 4 5 6")
    found = as_dict(read_word_vectors(path, {"fine", "café"}, 1))
    assert list(found) == ["the", "fine", "café"]


@pytest.mark.parametrize("header", [[], ["4 3"]])
def test_a_part_of_the_words_equals_reading_only_these(write, header):
    path = write(*header, *LINES)
    whole = read_word_vectors(path, {"lamp", "rake"}, 2)
    assert whole.of({"rake", "lamp", "vase"}) is whole  # no copy
    for words in (set(), {"rake"}, {"lamp", "mug"}):
        part, alone = whole.of(words), read_word_vectors(path, words, 2)
        assert list(part.rows.items()) == list(alone.rows.items())
        assert as_dict(part) == as_dict(alone)
        assert part.of(words) is part
