r"""Rules that remove HTML tags from texts of a shop, in time linear in the text.

An HTML parser decides otherwise where it matters: it takes "Size <M>", "if a<b" and
"<center of gravity>" for tags and drops them, and drops what follows a tag without an
end ("<div class="a"Great mug"), which are common in published texts. A tag is
therefore a known element name with attributes, or one of the rules below for tags that
are cut off or broken. Quantifiers are possessive wherever what follows them could match
less, so that no character is matched again from many starts.
"""

from __future__ import annotations

import re

#: Block elements, which begin and end a line.
_BLOCKS = (
    "address|applet|article|aside|blockquote|body|br|canvas|caption|center|colgroup|dd"
    "|details|dialog|dir|div|dl|dt|embed|fieldset|figcaption|figure|footer|form"
    "|frameset|frame|h[1-6]|header|head|hgroup|hr|html|iframe|legend|link|li|main|menu"
    "|meta|nav|noembed|noframes|noscript|object|ol|optgroup|option|param|pre|p|script"
    "|section|select|style|summary|table|tbody|template|textarea|tfoot|thead|title|tr|ul"
    "|video|audio"
)
#: Elements that are separated by space within a line.
_CELLS = "area|button|col|img|image|input|td|th"
_INLINE = (
    "abbr|acronym|a|basefont|base|bdi|bdo|bgsound|big|blink|b|cite|code|data|datalist"
    "|del|dfn|em|font|ins|i|kbd|label|map|mark|marquee|meter|nobr"
    "|output|picture"  # language: ok
    "|progress|q|rp|rt|ruby|samp|slot|small|source|span|strike|strong|sub|sup|svg|s|time"
    "|track|tt|u|var|wbr"
)
#: Names of elements that do not occur as words.
_NO_WORDS = "br|hr|div|span|li|ul|ol|td|tr|th|h[1-6]|tbody|img"
ELEMENT_NAMES = f"{_BLOCKS}|{_CELLS}|{_INLINE}"


def _set_of(names: str) -> frozenset[str]:
    return frozenset(names.replace("h[1-6]", "h1|h2|h3|h4|h5|h6").split("|"))


_ELEMENTS, _BREAKING, _SPACED = map(_set_of, (ELEMENT_NAMES, _BLOCKS, _CELLS))

_VALUE = r"""(?:"[^"<]*+"|'[^'<]*+'|[^\s<>"']++)"""
_ATTRIBUTE = rf"\s++[A-Za-z_:@][\w:.@-]*+\s*+=\s*+{_VALUE}"
_FLAG = (
    r"\s++(?:allowfullscreen|async|autoplay|checked|compact|controls|defer|disabled"
    r"|hidden|itemscope|loop|multiple|muted|noshade|nowrap|readonly|required|selected)\b"
)
# Any name, of which the rule for tags looks up whether it is an element: to try each
# element at every "<" takes ten times as long.
_NAME = r"(?P<{}>[A-Za-z][A-Za-z0-9]*+)(?=[\s/<>]|\Z)"

#: Name of each form of a start tag to the pattern of what follows the element name.
START_TAG_FORMS = {
    "complete": rf"(?:{_ATTRIBUTE}|{_FLAG})*+\s*+/?\s*+>",
    "unbalanced quotes": r"\s[^<>=]*+=[^<>]*+>",
    "no end after an attribute": (
        rf"""(?:{_ATTRIBUTE})++(?:\s++[\w:.-]++\s*+(?:=\s*+["']?[^"'<>]*+)?\Z)?"""
    ),
    "no end within an attribute": (
        r"""\s++[\w:.-]++\s*+=\s*+(?:["'][^"'<>]*+)?(?=<|\Z)"""
    ),
}
#: Name of each rule to its pattern. The first that matches at a "<" counts.
TAG_RULES = {
    "comment": r"<!--.*?(?:-->|\Z)",
    "declaration": r"<!(?:doctype|\[CDATA\[)[^<>]*+>? | \]\]> | <\?xml[^<>]*+>?",
    "office namespace": r"</?(?:[gmovwx]|st1|fb):[a-z][\w-]*+(?:\s[^<>]*+)?>",
    "end tag": rf"</{_NAME.format('closing')}(?:(?:{_ATTRIBUTE})*+\s*+/?\s*+>)?",
    "start tag": rf"<{_NAME.format('opening')}(?:{'|'.join(START_TAG_FORMS.values())})",
    # "a<b" may end a text, so that a name of one letter is not enough.
    "name without an end": rf"<(?=\w\w){_NAME.format('cut')}\s*+/?\s*+(?=<|\Z)",
    "name that is not a word": rf"<(?P<bare>{_NO_WORDS})(?=[\s/])\s*+/?",
}
_TAG = re.compile(
    "|".join(TAG_RULES.values()),
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_STRIKE_END = re.compile(r"</s\s*>", re.IGNORECASE)
# Texts that begin or end within a tag.
_HEAD = re.compile(r"""\s*+(?:[\w:-]++\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+')\s*+)++/?>""")
_TAIL = re.compile(
    r"""["'](?:\s++[\w:-]++\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+')){0,20}+\s*+/>"""
    r"""|["']\s*+>\s*+\Z"""
)
_ALT = re.compile(
    r"""<img\s[^<>]*?\balt\s*+=\s*+(?:"([^"<>]*+)"|'([^'<>]*+)')""", re.IGNORECASE
)


def remove_tags(text: str, line_break: str) -> str:
    """Remove tags and comments; `line_break` replaces tags of block elements.

    A text without any other content becomes the `alt` texts of its images.
    """
    if "<" not in text and ">" not in text:
        return text
    # "Size <S>" is a size unless something is struck through.
    has_strike = _STRIKE_END.search(text) is not None

    def replace(tag: re.Match[str]) -> str:
        if tag.lastgroup is None:
            return ""
        element = tag[tag.lastgroup].lower()
        if element not in _ELEMENTS:
            return tag[0]
        if element == "s" and tag["opening"] and not has_strike:
            return tag[0]
        if element in _BREAKING:
            return line_break
        return " " if element in _SPACED else ""

    content = _TAG.sub(replace, text) if "<" in text else text
    if ">" in content:
        head = _HEAD.match(content)
        content = _TAIL.sub(" ", content[head.end() :] if head else content)
    if content != text and (not content or content.isspace()):
        return " ".join(["".join(found) for found in _ALT.findall(text)])
    return content
