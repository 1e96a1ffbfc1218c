r"""Rules that remove scripts and style sheets, in time linear in the text.

Published texts contain them without the elements that would mark them, between words
and cut at some length, so that a parser of HTML or CSS does not find them. Quantifiers
are possessive as in the rules for tags.
"""

from __future__ import annotations

import re

from amzest.datasets._cleaning._html_tags import ELEMENT_NAMES

_BLOCK_OF_CODE = re.compile(
    r"<(script|style)\b(?:[^>]*+>.*?(?:</\1\b[^>]*+>?|\Z)|[^>]*+\Z)",
    re.IGNORECASE | re.DOTALL,
)
#: Name of each rule to the start of JavaScript, outside of an element, that it matches.
SCRIPT_RULES = {
    "variable": (
        r"var\s++[A-Za-z_$][\w$]*+\s*+=\s*+(?:\(?\s*+new\s"
        r"|[A-Za-z_$][\w$.]*+\s*+(?:\|\||\()|function\b|document\b|window\b|[\[{\"'])"
    ),
    "Amazon's loader": r"P\.when\s*+\(",
    "assignment to the window": r"window\.[\w$.]++\s*+=[^=]",
    "test of a type": r"if\s*+\(\s*+typeof\s",
    "call of the document": (r"document\.(?:write|getElementById|createElement)\s*+\("),
}
#: A function that calls itself also follows a name.
_CALLED_FUNCTION = r"\(function\s*+\("
_SCRIPT = re.compile(
    rf"(?<![\w.])(?:{'|'.join(SCRIPT_RULES.values())})|{_CALLED_FUNCTION}"
)
_SIMPLE = (
    r"(?:[.\#][A-Za-z_-][\w-]*+|::?[a-z-]++(?:\([^(){}<>]*+\))?|\[[^\]\[{}<>]*+\])"
)
_COMPOUND = rf"(?:(?:\*|(?:{ELEMENT_NAMES})(?![\w-])){_SIMPLE}*+|{_SIMPLE}++)"
_SELECTOR = rf"{_COMPOUND}(?:(?:\s*+[>+~,]\s*+|\s++){_COMPOUND})*+"
# A selector without a declaration is skipped as a whole, as no part of it has one.
_RULE = re.compile(
    rf"(?=[*.\#:\[a-zA-Z])(?<![\w.\#-])({_SELECTOR})(?:,?\s*+\{{([^{{}}]*+)(?:\}}|\Z))?+"
)
_CUT_SELECTOR = re.compile(rf"\s*+(?=[.\#@]){_SELECTOR},?\s*+\Z")
_AT_RULE = re.compile(
    r"@(?:charset|font-face|import|page|supports|media|(?:-[a-z]++-)?keyframes)\b[^{};]{0,500}+"
    r"(?:;|\{(?:[^{}]++|\{[^{}]*+\})*+(?:\}|\Z))"
)
#: Longest comment in a style sheet, in characters.
_MAX_COMMENT = 2000
_DECLARATION = re.compile(r"\s*+[*_-]{0,2}[a-z][a-z-]*+\s*+:")
# After an element name without a class or id, only these make a style rule: most braces
# in texts follow a word that is also the name of an element.
_PROPERTY = re.compile(
    r"\s*+(?:background|border|clear|color|display|float|font|height|left|line-height"
    r"|list-style|margin|max-|min-|outline|overflow|padding|position|right|text-|top"
    r"|vertical-align|visibility|white-space|width|z-index)[a-z-]*+\s*+:"
)


def remove_code(text: str) -> str:
    """Remove scripts and style sheets, with and without their elements.

    What follows the start of a script without its element is removed, as nothing marks
    where the script ends.
    """
    if "<" in text:
        text = _BLOCK_OF_CODE.sub(" ", text)
    if "=" in text or "{" in text:
        script = _SCRIPT.search(text)
        if script:
            text = text[: script.start()]
    return _without_style_sheets(text) if "{" in text else text


def _without_comments(text: str) -> str:
    """Remove the comments of style sheets in one pass; a long one is left."""
    kept: list[str] = []
    end = close = 0
    start = text.find("/*")
    while start >= 0:
        if close < start + 2:
            close = text.find("*/", start + 2)
            if close < 0:
                break
        if close - start - 2 <= _MAX_COMMENT:
            kept += [text[end:start], " "]
            end = close + 2
        start = text.find("/*", max(start + 1, end))
    return "".join(kept) + text[end:]


def _without_style_sheets(text: str) -> str:
    """Remove style rules, at-rules and comments."""
    if "/*" in text:
        text = _without_comments(text)
    if "@" in text:
        text = _AT_RULE.sub(" ", text)
    kept: list[str] = []
    end = 0  # of the last rule that was removed
    last = 0  # end of the last match
    for rule in _RULE.finditer(text):
        selector, declarations = rule[1], rule[2]
        goes_on = bool(kept) and last == end and not text[end : rule.start()].strip()
        last = rule.end()
        if declarations is None:
            continue
        if goes_on or any(sign in selector for sign in ".#:["):
            style = not declarations.strip() or _DECLARATION.match(declarations)
        else:
            style = _PROPERTY.match(declarations)
        if style:
            kept += [text[end : rule.start()], " "]
            end = rule.end()
    if not kept:
        return text
    rest = text[end:]
    # Published style sheets are cut at some length, often within a selector.
    return "".join(kept) + ("" if _CUT_SELECTOR.match(rest) else rest)
