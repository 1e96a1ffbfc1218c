"""The rules for one text, and their use on the cells of a column.

Each rule is a function from text to text. The rules are applied in turn until none
changes anything, so that cleaning is idempotent: decoding `&lt;b&gt;` results in a tag,
and removing a tag can result in an entity. A deeply nested text would take as many
rounds as it has levels. Its markup characters are removed after some rounds instead.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any

from amzest.datasets._cleaning._html_entities import decode_entities
from amzest.datasets._cleaning._html_tags import remove_tags
from amzest.datasets._cleaning._pasted_code import remove_code
from amzest.utils import normalize_unicode, require

#: Rule to the text before and after its first change.
Changes = dict[str, tuple[str, str | None]]

#: Any character but the plain ASCII that no rule matches.
_SUSPICIOUS = re.compile(r"[^\n -%'-:;?-z|}~]")
_ODD_BREAKS = re.compile(r"\n[\n ]| \n|\A\n|\n\Z")

# C0 and C1 without whitespace, soft hyphen, zero-width space, direction marks, byte
# order mark.
_INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
)
#: A character class is searched much faster than the alternatives below.
_CONTROL_SIGN = re.compile(f"[{_INVISIBLE}\u200c\u200d]")
_ASCII_CONTROL_SIGN = re.compile("[\x00-\x08\x0e-\x1b\x7f]")
_CONTROL = re.compile(
    # ANSI escape sequences are removed as a whole.
    f"(?:\x1b\\[|\x9b)[0-9;?]*+[A-Za-z]|[{_INVISIBLE}]"
)
#: Joiners are part of emoji and of Persian and Indic words, but not of Latin text.
_STRAY_JOINERS = re.compile(
    "(?<![^\x00-\u024f])[\u200c\u200d]++"
    "|(?<![\u200c\u200d])[\u200c\u200d]++(?![^\x00-\u024f])"
)
#: Number of rounds for a long text, and of characters in all rounds for a short one.
_N_ROUNDS = 4
_N_CHARACTERS = 200_000
#: Characters that all markup begins or ends with.
_MARKUP_SIGNS = str.maketrans("", "", "<>&{}")
#: A necessary condition of all patterns of ftfy, and the parts of a text that it needs.
_COULD_BE_MOJIBAKE = re.compile(
    "[^\x00-\x7f]{2}|[\x80-\x9f\u00c2\u00c3\u0152\u0153]"
    "|[\u0392\u0393\u039e\u039f\u0412\u0413\u0420\u0421]-"
)
_NOT_ASCII = re.compile(
    r"[\x00-\x7f]{0,5}+[^\x00-\x7f]++(?:[\x00-\x7f]{1,5}+[^\x00-\x7f]++)*+[\x00-\x7f]{0,5}+"
)
_BY_LINE = re.compile(r"\s*+(?:by\s*?\n\s*+)++(?=\S)", re.IGNORECASE)


@functools.cache
def mojibake_repair(purpose: str) -> Callable[[str], str]:
    """Return a function that repairs wrongly decoded text, and nothing else."""
    ftfy = require("ftfy", extra="data", purpose=purpose)
    is_bad = require("ftfy.badness", extra="data", purpose=purpose).is_bad
    # Curly quotes, ligatures and full-width letters are kept. Entities, line breaks and
    # control characters have rules of their own.
    config = ftfy.TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        remove_control_chars=False,
        normalization=None,  # takes quadratic time in ftfy
        explain=False,
    )

    def repair(text: str) -> str:
        if text.isascii():
            return text
        try:
            text.encode()
        except UnicodeEncodeError:  # half of a surrogate pair
            return normalize_unicode("NFC", ftfy.fix_text(text, config))
        # ftfy is slow, and most texts have few characters that matter to it.
        if _COULD_BE_MOJIBAKE.search(text) and is_bad(
            "\n".join(_NOT_ASCII.findall(text))
        ):
            text = ftfy.fix_text(text, config)
        return normalize_unicode("NFC", text)

    return repair


def _remove_controls(text: str) -> str:
    sign = _ASCII_CONTROL_SIGN if text.isascii() else _CONTROL_SIGN
    if not sign.search(text):
        return text
    return _STRAY_JOINERS.sub("", _CONTROL.sub("", text))


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _on_lines(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(filter(None, lines))


def _without_by(text: str) -> str:
    by = _BY_LINE.match(text)
    return text[by.end() :] if by else text


class TextCleaner:
    """Cleans one text at a time.

    `paragraphs` keeps line breaks; `byline` removes "by" on a line of its own at the
    start, which precedes some brands. `purpose` is the function named in errors.
    """

    def __init__(
        self, purpose: str, *, paragraphs: bool = False, byline: bool = False
    ) -> None:
        line_break = "\n" if paragraphs else " "
        self.paragraphs = paragraphs
        self._tidy = _on_lines if paragraphs else _on_one_line
        self._rules: list[tuple[str, Callable[[str], str]]] = [
            ("code", remove_code),
            ("tags", lambda text: remove_tags(text, line_break)),
            ("entities", decode_entities),
            ("mojibake", mojibake_repair(purpose)),
            ("control characters", _remove_controls),
        ]
        if byline:
            self._rules.append(("byline", _without_by))

    def is_suspicious(self, text: str) -> bool:
        """Return whether any rule could change a text, in a fraction of their time."""
        if (
            not text
            or _SUSPICIOUS.search(text)
            or "  " in text
            or text[0] == " "
            or text[-1] == " "
        ):
            return True
        if "\n" in text:
            return not self.paragraphs or _ODD_BREAKS.search(text) is not None
        return False

    def clean(self, text: str) -> tuple[str, Changes]:
        """Apply the rules until none changes the text; return their changes."""
        changes: Changes = {}
        n_left = max(_N_ROUNDS * len(text), _N_CHARACTERS)
        while True:
            start = text
            n_left -= len(text)
            if n_left < 0:
                text = text.translate(_MARKUP_SIGNS)
                if text != start:
                    changes.setdefault("tags", (start, text))
            for rule, apply in self._rules:
                before = text
                text = apply(text)
                if text != before:
                    # Spaces that replace a tag do not count as changed whitespace.
                    if self._tidy(before) == before:
                        text = self._tidy(text)
                    changes.setdefault(rule, (before, text))
            before = text
            text = self._tidy(text)
            if text != before:
                changes.setdefault("white space", (before, text))
            if text == start or not text or not self.is_suspicious(text):
                return text, changes


def changed_cells(
    cells: list[str | None],
    clean: Callable[[str], tuple[str | None, Changes]],
    is_suspicious: Callable[[str], bool] | None = None,
) -> Iterator[tuple[int, str | None, Changes]]:
    """Yield row, cleaned cell and changes for each cell that changes.

    Without `is_suspicious`, each different text is cleaned once.
    """
    if is_suspicious is not None:
        for row, cell in enumerate(cells):
            if cell is not None and is_suspicious(cell):
                cleaned, changes = clean(cell)
                if changes:
                    yield row, cleaned, changes
        return
    known: dict[str, Any] = {}
    for row, cell in enumerate(cells):
        if cell is None:
            continue
        found = known.get(cell)
        if found is None:
            found = known[cell] = clean(cell)
        if found[1]:
            yield row, found[0], found[1]
