from hypothesis import given
from hypothesis import strategies as st

from amzest.inspection._words import split_words


def test_words_with_positions_and_punctuation():
    words = split_words(" Red (running-shoe), women's & co")
    assert words.words == ["Red", "running", "shoe", "women's", "&", "co"]
    text = words.text
    spans = zip(words.starts, words.ends, strict=True)
    assert [text[a:b] for a, b in spans] == words.words
    extents = zip(words.lefts, words.rights, strict=True)
    assert [text[a:b] for a, b in extents] == [
        "Red",
        "(running-",
        "shoe),",
        "women's",
        "&",
        "co",
    ]


def test_scripts_without_spaces_are_divided():
    assert split_words("赤い靴スニーカー42cm").words == [
        "赤", "い", "靴", "スニーカー", "42cm"
    ]  # fmt: skip


def test_text_without_some_words():
    words = split_words("a (red) shoe")
    assert words.without({1}) == "a  shoe"
    assert words.without({0, 1, 2}) == ""


@given(st.text())
def test_every_character_outside_whitespace_belongs_to_one_word(text):
    words = split_words(text)
    extents = zip(words.lefts, words.rights, strict=True)
    assert "".join(text[a:b] for a, b in extents) == "".join(text.split())
    assert words.without(set(range(len(words)))) == ""
