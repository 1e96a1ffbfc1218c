"""Decode HTML entities."""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5

_AMPERSANDS = re.compile(r"&(?:(?:amp|AMP|#0*+38|#[xX]0*+26);)+")
_LEGACY = "|".join(sorted((n for n in html5 if not n.endswith(";")), reverse=True))
_ENTITY = re.compile(
    r"&(?:(\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
    # Without a semicolon only at the end of a word, unlike `html.unescape`, which
    # makes "rock®gae" of "rock&reggae".
    rf"|({_LEGACY})(?![A-Za-z0-9=;]))"
)


def decode_entities(text: str) -> str:
    """Replace known HTML entities by their characters; `&amp;amp;` counts as one."""
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
        # "NESTL&EACUTE;", where a whole brand was converted to upper case.
        return html5[f"{name.lower()};"].upper()
    return entity[0]
