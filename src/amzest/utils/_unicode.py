"""Unicode normalization in linear time."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache
from typing import Literal

#: Combining marks kept in a run, as in the Stream-Safe Text Format.
_MAX_MARKS = 30
#: Texts up to this length are normalized as they are: nothing can take long.
_SHORT = 256


def normalize_unicode(form: Literal["NFC", "NFKC"], text: str) -> str:
    """Normalize a text as :func:`unicodedata.normalize` does, in linear time.

    Bringing a run of combining marks into canonical order takes quadratic time there.
    In a longer text, marks that follow 30 others are therefore dropped first.

    Parameters
    ----------
    form : {"NFC", "NFKC"}
        The normalization form.

    text : str
        The text.

    Returns
    -------
    str
        The normalized text.

    References
    ----------
    Unicode Standard Annex #15, section 13, Stream-Safe Text Format: no text of a
    language has more than 30 marks in a run.
    https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format

    Examples
    --------
    >>> normalize_unicode("NFKC", "cafe\u0301 №5")
    'café No5'
    >>> len(normalize_unicode("NFC", "a" + "\u0301\u0327" * 100_000))
    30
    """
    if text.isascii():
        return text
    if len(text) > _SHORT:
        # A set of characters beyond the first 65,536 is much slower to look up.
        runs = _long_runs(wide=max(text) > "\uffff")
        text = runs.sub(_first_marks, text)
    return unicodedata.normalize(form, text)


def _first_marks(run: re.Match[str]) -> str:
    return run[0][:_MAX_MARKS]


@cache
def _long_runs(*, wide: bool) -> re.Pattern[str]:
    """Return the pattern of too many characters whose order normalization changes."""
    end = sys.maxunicode if wide else 0xFFFF
    marks = "".join(
        sign
        for sign in map(chr, range(0x300, end + 1))
        if unicodedata.combining(sign) or _is_written_as_marks(sign)
    )
    return re.compile(f"[{marks}]{{{_MAX_MARKS + 1},}}")


def _is_written_as_marks(sign: str) -> bool:
    """Tell whether a character decomposes to combining marks alone."""
    if not unicodedata.decomposition(sign):
        return False
    return all(map(unicodedata.combining, unicodedata.normalize("NFKD", sign)))
