"""Titles in a normalized form for comparison: words without punctuation."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from amzest.utils import normalize_unicode

#: NFKC would append these to the word before them as letters: "Nike™" is "NikeTM".
_TRADEMARKS = "™℠"
#: Table for `str.translate`: letters to lower case, punctuation to spaces.
_ASCII = {
    code: chr(code).lower() if chr(code).isalnum() or chr(code) == "_" else " "
    for code in range(128)
}


class _BeforeNFKC(dict[int, str]):
    """Table that removes format characters: soft hyphens, zero width spaces, BOMs."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char in _TRADEMARKS:
            kept = " "
        elif unicodedata.decomposition(char).startswith("<fraction>"):
            kept = (
                " " + char
            )  # NFKC would put the 10 of "10½" and the 1 of 1/2 together
        else:
            kept = "" if unicodedata.category(char) == "Cf" else char
        self[code] = kept
        return kept


class _WordCharacters(dict[int, str]):
    """Table that keeps letters, digits, "_" and combining marks."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        word = char.isalnum() or char == "_" or unicodedata.category(char)[0] == "M"
        self[code] = kept = char if word else " "
        return kept


_BEFORE_NFKC = _BeforeNFKC()
_WORD_CHARACTERS = _WordCharacters()


def normalise_title(text: str) -> str:
    r"""Return the words of a title, separated by one space.

    The words are what ``\w+`` matches after NFKC [1]_ and case folding; combining marks
    stay with their word.

    References
    ----------
    .. [1] Unicode Standard Annex #15, https://www.unicode.org/reports/tr15/

    Examples
    --------
    >>> normalise_title("  NIKE™ Men’s Shoe - (Size 10½)")
    'nike men s shoe size 10 1 2'
    """
    if text.isascii():
        return " ".join(text.translate(_ASCII).split())
    text = normalize_unicode("NFKC", text.translate(_BEFORE_NFKC))
    # Case folding can decompose what NFKC has composed, hence NFKC again.
    text = normalize_unicode("NFKC", text.casefold())
    words = text.translate(_WORD_CHARACTERS).split()
    if not all(word[0].isalnum() or word[0] == "_" for word in words):
        # A mark without a letter before it, such as the variation selector of an emoji.
        words = [_without_leading_marks(word) for word in words]
    return " ".join(filter(None, words))


def _without_leading_marks(word: str) -> str:
    for start, char in enumerate(word):
        if char.isalnum() or char == "_":
            return word[start:]
    return ""


def normalise_titles(titles: Iterable[str | None]) -> list[str]:
    """Normalize each title of a column; missing titles (None) become ""."""
    # The ASCII case is inlined: this runs for millions of titles.
    table = _ASCII
    return [
        ""
        if title is None
        else " ".join(title.translate(table).split())
        if title.isascii()
        else normalise_title(title)
        for title in titles
    ]
