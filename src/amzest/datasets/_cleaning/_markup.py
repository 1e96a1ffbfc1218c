r"""Remove from a text what a browser would not show: code, tags, entities.

Only names of HTML elements make a tag, so that "I <3 mugs", "a < b" and "Size <M>"
stay. Tags may be broken in the ways that published lines show: without an end
(`<span class="a-size-medium"`), or without a start (`Magazines" />`).

Everything here takes time linear in the text: quantifiers are possessive wherever what
follows them could match less, and no character is looked at from many starts.
"""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5

#: Elements that stand apart from what is before and after them.
_BLOCKS = (
    "address|applet|article|aside|blockquote|body|br|canvas|caption|center|colgroup|dd"
    "|details|dialog|dir|div|dl|dt|embed|fieldset|figcaption|figure|footer|form"
    "|frameset|frame|h[1-6]|header|head|hgroup|hr|html|iframe|legend|link|li|main|menu"
    "|meta|nav|noembed|noframes|noscript|object|ol|optgroup|option|param|pre|p|script"
    "|section|select|style|summary|table|tbody|template|textarea|tfoot|thead|title|tr|ul"
    "|video|audio"
)
#: Elements that take room within a line.
_CELLS = "area|button|col|img|image|input|td|th"
_INLINE = (
    "abbr|acronym|a|basefont|base|bdi|bdo|bgsound|big|blink|b|cite|code|data|datalist"
    "|del|dfn|em|font|ins|i|kbd|label|map|mark|marquee|meter|nobr|output|picture"
    "|progress|q|rp|rt|ruby|samp|slot|small|source|span|strike|strong|sub|sup|svg|s|time"
    "|track|tt|u|var|wbr"
)
#: Nobody writes these as words.
_NO_WORDS = "br|hr|div|span|li|ul|ol|td|tr|th|h[1-6]|tbody|img"
_NAMES = f"{_BLOCKS}|{_CELLS}|{_INLINE}"


def _set_of(names: str) -> frozenset[str]:
    return frozenset(names.replace("h[1-6]", "h1|h2|h3|h4|h5|h6").split("|"))


_ELEMENTS, _BREAKING, _ROOMY = map(_set_of, (_NAMES, _BLOCKS, _CELLS))

_VALUE = r"""(?:"[^"<]*+"|'[^'<]*+'|[^\s<>"']++)"""
_ATTRIBUTE = rf"\s++[A-Za-z_:@][\w:.@-]*+\s*+=\s*+{_VALUE}"
_FLAG = (
    r"\s++(?:allowfullscreen|async|autoplay|checked|compact|controls|defer|disabled"
    r"|hidden|itemscope|loop|multiple|muted|noshade|nowrap|readonly|required|selected)\b"
)
#: A name as a whole. Which ones are names of elements is looked up after the match: to
#: try each of them at every "<" takes ten times as long.
_WORD = r"[A-Za-z][A-Za-z0-9]*+(?=[\s/<>]|\Z)"
_TAG = re.compile(
    rf"""
    <!--.*?(?:-->|\Z) | <!(?:doctype|\[CDATA\[)[^<>]*+>? | \]\]> | <\?xml[^<>]*+>?
    | </?(?:[gmovwx]|st1|fb):[a-z][\w-]*+(?:\s[^<>]*+)?>     # of Word and the like
    | </(?P<closing>{_WORD})(?:(?:{_ATTRIBUTE})*+\s*+/?\s*+>)?
    | <(?P<opening>{_WORD})(?:
        (?:{_ATTRIBUTE}|{_FLAG})*+\s*+/?\s*+>
        | \s[^<>=]*+=[^<>]*+>                                # quotes do not match
        | (?:{_ATTRIBUTE})++(?:\s++[\w:.-]++\s*+(?:=\s*+["']?[^"'<>]*+)?\Z)?
        | \s++[\w:.-]++\s*+=\s*+(?:["'][^"'<>]*+)?(?=<|\Z)
    )
    | <(?=\w\w)(?P<cut>{_WORD})\s*+/?\s*+(?=<|\Z)          # "a<b" may end a text
    | <(?P<bare>{_NO_WORDS})(?=[\s/])\s*+/?
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_STRUCK = re.compile(r"</s\s*>", re.IGNORECASE)
#: The text starts, or ends, within a tag.
_HEAD = re.compile(r"""\s*+(?:[\w:-]++\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+')\s*+)++/?>""")
_TAIL = re.compile(
    r"""["'](?:\s++[\w:-]++\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+')){0,20}+\s*+/>"""
    r"""|["']\s*+>\s*+\Z"""
)
_PICTURE = re.compile(
    r"""<img\s[^<>]*?\balt\s*+=\s*+(?:"([^"<>]*+)"|'([^'<>]*+)')""", re.IGNORECASE
)


def remove_tags(text: str, line_break: str) -> str:
    """Remove tags and comments.

    Parameters
    ----------
    text : str
        The text.

    line_break : str
        What takes the place of tags that stand apart, such as `<br>` and `<li>`.

    Returns
    -------
    str
        The text between the tags. When there is none, the `alt` texts of the images.
    """
    if "<" not in text and ">" not in text:
        return text
    # "Size <S>" is a size unless something is struck out.
    struck = _STRUCK.search(text) is not None

    def replace(tag: re.Match[str]) -> str:
        name = tag["opening"] or tag["closing"] or tag["cut"] or tag["bare"]
        if name is None:
            return ""
        element = name.lower()
        if element not in _ELEMENTS or (tag["opening"] in ("s", "S") and not struck):
            return tag[0]
        if element in _BREAKING:
            return line_break
        return " " if element in _ROOMY else ""

    shown = text
    if "<" in text:
        shown = _TAG.sub(replace, text)
    if ">" in shown:
        head = _HEAD.match(shown)
        shown = _TAIL.sub(" ", shown[head.end() :] if head else shown)
    if shown != text and (not shown or shown.isspace()):
        return " ".join(["".join(found) for found in _PICTURE.findall(text)])
    return shown


_AMPERSANDS = re.compile(r"&(?:(?:amp|AMP|#0*+38|#[xX]0*+26);)+")
_LEGACY = "|".join(sorted((n for n in html5 if not n.endswith(";")), reverse=True))
_ENTITY = re.compile(
    r"&(?:(\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
    # Without its semicolon only where no word goes on: "rock&reggae" is none.
    rf"|({_LEGACY})(?![A-Za-z0-9=;]))"
)


def decode_entities(text: str) -> str:
    """Write entities as the characters they stand for.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    str
        With characters in the place of known entities; `&amp;amp;` counts as one.
    """
    if "&" not in text:
        return text
    return _ENTITY.sub(_character, _AMPERSANDS.sub("&", text))


def _character(entity: re.Match[str]) -> str:
    name = entity[1] or entity[2]
    if name.startswith("#"):
        return unescape(f"&{name};")
    if f"{name};" in html5:
        return html5[f"{name};"]
    if name.isupper() and f"{name.lower()};" in html5:
        # "NESTL&EACUTE;": written by those who put a whole brand into capitals.
        return html5[f"{name.lower()};"].upper()
    return entity[0]


_BLOCK_OF_CODE = re.compile(
    r"<(script|style)\b(?:[^>]*+>.*?(?:</\1\b[^>]*+>?|\Z)|[^>]*+\Z)",
    re.IGNORECASE | re.DOTALL,
)
#: JavaScript that lost its element. What follows its start is taken for code.
_SCRIPT = re.compile(
    r"(?<![\w.])(?:var\s++[A-Za-z_$][\w$]*+\s*+=\s*+(?:\(?\s*+new\s"
    r"|[A-Za-z_$][\w$.]*+\s*+(?:\|\||\()|function\b|document\b|window\b|[\[{\"'])"
    r"|P\.when\s*+\(|window\.[\w$.]++\s*+=[^=]|if\s*+\(\s*+typeof\s"
    r"|document\.(?:write|getElementById|createElement)\s*+\()|\(function\s*+\("
)
_SIMPLE = (
    r"(?:[.\#][A-Za-z_-][\w-]*+|::?[a-z-]++(?:\([^(){}<>]*+\))?|\[[^\]\[{}<>]*+\])"
)
_COMPOUND = rf"(?:(?:\*|(?:{_NAMES})(?![\w-])){_SIMPLE}*+|{_SIMPLE}++)"
_SELECTOR = rf"{_COMPOUND}(?:(?:\s*+[>+~,]\s*+|\s++){_COMPOUND})*+"
#: A selector without a rule is passed over as a whole: no part of it has one either.
_RULE = re.compile(
    rf"(?=[*.\#:\[a-zA-Z])(?<![\w.\#-])({_SELECTOR})(?:,?\s*+\{{([^{{}}]*+)(?:\}}|\Z))?+"
)
_CUT_SELECTOR = re.compile(rf"\s*+(?=[.\#@]){_SELECTOR},?\s*+\Z")
_AT_RULE = re.compile(
    r"@(?:charset|font-face|import|page|supports|media|(?:-[a-z]++-)?keyframes)\b[^{};]{0,500}+"
    r"(?:;|\{(?:[^{}]++|\{[^{}]*+\})*+(?:\}|\Z))"
)
#: Longest remark in a style sheet, in characters.
_MAX_REMARK = 2000
_DECLARATION = re.compile(r"\s*+[*_-]{0,2}[a-z][a-z-]*+\s*+:")
#: After the bare name of an element only these make a style sheet.
_PROPERTY = re.compile(
    r"\s*+(?:background|border|clear|color|display|float|font|height|left|line-height"
    r"|list-style|margin|max-|min-|outline|overflow|padding|position|right|text-|top"
    r"|vertical-align|visibility|white-space|width|z-index)[a-z-]*+\s*+:"
)


def remove_code(text: str) -> str:
    """Remove scripts and style sheets, also those that lost their element.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    str
        Without them.
    """
    if "<" in text:
        text = _BLOCK_OF_CODE.sub(" ", text)
    if "=" in text or "{" in text:
        script = _SCRIPT.search(text)
        if script:
            text = text[: script.start()]
    return _without_style_sheets(text) if "{" in text else text


def _without_remarks(text: str) -> str:
    """Remove what style sheets have between ``/*`` and ``*/``."""
    kept: list[str] = []
    end = close = 0
    start = text.find("/*")
    while start >= 0:
        if close < start + 2:
            close = text.find("*/", start + 2)
            if close < 0:
                break
        if close - start - 2 <= _MAX_REMARK:
            kept += [text[end:start], " "]
            end = close + 2
        start = text.find("/*", max(start + 1, end))
    return "".join(kept) + text[end:]


def _without_style_sheets(text: str) -> str:
    if "/*" in text:
        text = _without_remarks(text)
    if "@" in text:
        text = _AT_RULE.sub(" ", text)
    kept: list[str] = []
    end = 0  # of the last rule that was removed
    last = 0  # end of what was looked at last
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
    # Dumps are cut at some length, often within a selector.
    return "".join(kept) + ("" if _CUT_SELECTOR.match(rest) else rest)
