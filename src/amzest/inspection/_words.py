"""Words of a cell, with their positions in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Scripts that are written without spaces: a character of Han, and runs of kana, are
#: words of their own.
_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003347f"
_KATAKANA, _HIRAGANA = "\u30a0-\u30ff\u31f0-\u31ff\uff66-\uff9f", "\u3040-\u309f"
_LETTER = rf"(?:(?![{_HAN}{_KATAKANA}{_HIRAGANA}])\w)"
#: A word may contain apostrophes.
_WORD = re.compile(
    rf"[{_HAN}]|[{_KATAKANA}]+|[{_HIRAGANA}]+|{_LETTER}+(?:['\u2019]{_LETTER}+)*"
)
_CHUNK = re.compile(r"\S+")


@dataclass(frozen=True)
class Words:
    """The words of a text.

    Each character between whitespace belongs to one word: punctuation to the word
    before it, or to the first one. Punctuation alone is a word.
    """

    text: str
    words: list[str]
    starts: NDArray[np.int64]  # of the words without punctuation
    ends: NDArray[np.int64]
    lefts: NDArray[np.int64]  # of the words with punctuation
    rights: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.words)

    def without(self, left_out: set[int]) -> str:
        """Return the text without some words and their punctuation."""
        kept, start = [], 0
        for word in sorted(left_out):
            kept.append(self.text[start : self.lefts[word]])
            start = int(self.rights[word])
        kept.append(self.text[start:])
        text = "".join(kept)
        return "" if text.isspace() else text


def split_words(text: str) -> Words:
    """Split a text into words."""
    spans: list[tuple[int, int, int, int]] = []
    for chunk in _CHUNK.finditer(text):
        left, end = chunk.span()
        found = [word.span() for word in _WORD.finditer(text, left, end)]
        found = found or [(left, end)]
        lefts = [left, *(start for start, _ in found[1:])]
        rights = [*lefts[1:], end]
        spans += [
            (*word, *extent)
            for word, extent in zip(found, zip(lefts, rights, strict=True), strict=True)
        ]
    table = np.array(spans, dtype=np.int64).reshape(-1, 4)
    words = [text[start:end] for start, end, _, _ in spans]
    return Words(text, words, *table.T)
