"""The form in which titles are compared: words alone, without case and signs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from amzest.utils import normalize_unicode

#: Signs that NFKC writes out as letters of the word before them: "Nike™" is "Nike".
_TRADEMARKS = "™℠"
#: Sent through `str.translate`: capitals to small letters, what is no word to blanks.
_ASCII = {
    code: chr(code).lower() if chr(code).isalnum() or chr(code) == "_" else " "
    for code in range(128)
}


class _Prepared(dict[int, str]):
    """Drops format characters (soft hyphen, zero width space, byte order mark)."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        if sign in _TRADEMARKS:
            kept = " "
        elif unicodedata.decomposition(sign).startswith("<fraction>"):
            kept = " " + sign  # NFKC would make "101 2" of "10½"
        else:
            kept = "" if unicodedata.category(sign) == "Cf" else sign
        self[code] = kept
        return kept


class _Words(dict[int, str]):
    """Keeps what belongs to a word: letters, digits, "_" and combining marks."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        word = sign.isalnum() or sign == "_" or unicodedata.category(sign)[0] == "M"
        self[code] = kept = sign if word else " "
        return kept


_PREPARED = _Prepared()
_WORDS = _Words()


def normalise_title(text: str) -> str:
    r"""Reduce a title to its words, in one spelling, joined by one blank.

    Titles that differ in case, signs, blanks, trademark signs, invisible characters or
    in how Unicode writes the same letter become equal.

    Parameters
    ----------
    text : str
        The title.

    Returns
    -------
    str
        The words: what ``\w+`` matches after NFKC and case folding, combining marks
        kept with their word. Empty when there is no word.

    References
    ----------
    Unicode Standard Annex #15, Unicode Normalization Forms.
    https://www.unicode.org/reports/tr15/

    Examples
    --------
    >>> normalise_title("  NIKE™ Men’s Shoe - (Size 10½)")
    'nike men s shoe size 10 1 2'
    >>> normalise_title("★ ★ ★")
    ''
    """
    if text.isascii():
        return " ".join(text.translate(_ASCII).split())
    text = normalize_unicode("NFKC", text.translate(_PREPARED))
    # Folding can take apart what NFKC has put together, hence once more.
    text = normalize_unicode("NFKC", text.casefold())
    words = text.translate(_WORDS).split()
    if not all(word[0].isalnum() or word[0] == "_" for word in words):
        # A mark without a letter before it, such as the selector behind an emoji.
        words = [_without_leading_marks(word) for word in words]
    return " ".join(filter(None, words))


def _without_leading_marks(word: str) -> str:
    for start, sign in enumerate(word):
        if sign.isalnum() or sign == "_":
            return word[start:]
    return ""


def normalise_titles(titles: Iterable[str | None]) -> list[str]:
    """Reduce each title of a column to its words.

    Parameters
    ----------
    titles : iterable of str or None
        The column. None is a missing title.

    Returns
    -------
    list of str
        What :func:`normalise_title` gives, and "" where the title is missing.

    Examples
    --------
    >>> normalise_titles(["Blue Mug!", None, "blue  mug"])
    ['blue mug', '', 'blue mug']
    """
    table = _ASCII
    return [
        ""
        if title is None
        else " ".join(title.translate(table).split())
        if title.isascii()
        else normalise_title(title)
        for title in titles
    ]
