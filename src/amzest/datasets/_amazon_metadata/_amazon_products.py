"""Parse one published line of any release to one product."""

from __future__ import annotations

import math
import re
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Any

from amzest.datasets._amazon_metadata._python_literal import LiteralError, read_literal
from amzest.datasets._shared._schema import LEVEL_SEPARATOR, PATH_SEPARATOR
from amzest.utils import require, shown

_PURPOSE = "read_amazon_metadata"
#: Number of keys of a record in a message.
_N_KEYS = 12
#: Keys of each column in the releases; the first that is not missing is used.
_KEYS = {
    "asin": ("asin", "parent_asin"),
    "title": ("title",),
    "description": ("description",),
    "category": ("categories", "category", "main_cat", "main_category"),
    "category_path": ("categories", "category"),
    "brand": ("brand", "store"),
    "price": ("price",),
    "image_url": ("imUrl", "imageURLHighRes", "imageURL", "image", "images"),
}
#: Keys that only products have. A line that has one of them and is also a review, as in
#: a join of both tables, is a product.
_OF_PRODUCTS = frozenset(
    {key for name, keys in _KEYS.items() if "image" not in name for key in keys}
    - {"asin", "parent_asin", "title"}
    | {"imUrl", "features", "details", "average_rating"}
)
#: Other records that are published with the metadata. A line is one of them if it has
#: all keys of any of the sets.
_OTHER_RECORDS = {
    "a review": (
        *({"reviewerID"}, {"reviewText"}, {"overall"}, {"user_id"}, {"helpful_vote"}),
        {"rating", "text"},
    ),
    "a question": ({"questionType"}, {"question"}, {"questions"}),
}
_SIGNS = sorted({min(keys) for sets in _OTHER_RECORDS.values() for keys in sets})
#: Image sizes of the release of 2023, the largest first.
_SIZES = ("hi_res", "large", "thumb")

_AMOUNT = r"\s*+[$£€]?+\s*+(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
#: Larger integers cannot be converted to float.
_LARGEST = sys.float_info.max
_PRICE = re.compile(rf"\s*+(?:from\s)?+{_AMOUNT}\s*+(?:[-–]{_AMOUNT}\s*+)?")


class BrokenLine(ValueError):
    """A line does not contain a product; the message is the reason."""


class LineParser:
    """Parses lines of any release to the columns of one schema.

    `values` has the cells of each column; `unreadable` counts the values of each column
    that could not be parsed and are missing.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._msgspec = require("msgspec", extra="data", purpose=_PURPOSE)
        require("pyjson5", extra="data", purpose=_PURPOSE)
        keys = {key for name in ("asin", *columns) for key in _KEYS[name]}
        self._product = self._kind(
            self._msgspec.defstruct(
                "Product",
                [(key, _raw_type(key), None) for key in sorted(keys)]
                + [(key, Any, None) for key in _SIGNS],
                gc=False,
            )
        )
        self._any_object = self._kind(dict[str, Any])
        self._signs = attrgetter(*_SIGNS)
        self._readers = {
            "asin": _asin,
            "title": lambda raw: _text(raw.title),
            "description": lambda raw: _text(raw.description),
            "category": _category,
            "category_path": _category_path,
            "brand": lambda raw: _text(raw.brand) or _text(raw.store),
            "price": self._price,
            "image_url": _image_url,
        }
        self.start(columns)

    def _kind(self, kind: Any) -> tuple[Any, Any]:
        """Return a type to decode lines to, and its decoder of JSON."""
        return kind, self._msgspec.json.Decoder(kind).decode

    def start(self, columns: Sequence[str]) -> None:
        """Start with empty columns."""
        self.values: dict[str, list[Any]] = {name: [] for name in columns}
        self.unreadable: Counter[str] = Counter()
        self._fill = [
            (self._readers[name], values.append) for name, values in self.values.items()
        ]

    def read(self, line: bytes) -> None:
        """Parse one line without whitespace around and append its values."""
        raw = self._decode(line, *self._product)
        if not _asin(raw) or self._signs(raw) != _NO_SIGNS:
            self._check_kind(line, raw)
        # Without an object per row, as the garbage collector would traverse them all.
        for read, append in self._fill:
            append(read(raw))

    def _check_kind(self, line: bytes, raw: Any) -> None:
        """Raise if a line is not a product, with what it is."""
        keys = self._decode(line, *self._any_object)
        other = None if _OF_PRODUCTS & keys.keys() else _other_record(keys)
        if other:
            raise BrokenLine(
                f"it is {other} (it has {_list_keys(keys)}). Reviews, questions and "
                "metadata are published as separate files; pass the one with the "
                "metadata, such as meta_Books.json.gz or meta_Books.jsonl.gz"
            )
        if not _asin(raw):
            raise BrokenLine(
                "it has neither an `asin` nor a `parent_asin`; its keys are "
                f"{_list_keys(keys)}"
                if keys
                else "it has neither an `asin` nor a `parent_asin`; it is empty"
            )

    def _decode(self, line: bytes, kind: Any, decode_json: Any) -> Any:
        """Decode the needed fields of a line from JSON or a Python literal."""
        refused: Exception | None = None
        if line.startswith(b"{'"):
            # Without double quotes and backslashes, single quotes only delimit strings,
            # and the literal is JSON except for its quotes.
            plain = b'"' not in line and b"\\" not in line
            json = line.replace(b"'", b'"') if plain else None
        else:
            json = line
        if json is not None:
            try:
                return decode_json(json)
            # Also for what Python's json writes although it is not JSON, such as NaN.
            except (
                self._msgspec.DecodeError, RecursionError, UnicodeDecodeError
            ) as error:  # fmt: skip
                refused = error
        try:
            value = read_literal(line.decode(), purpose=_PURPOSE)
        except UnicodeDecodeError as error:
            raise BrokenLine(
                f"it is not UTF-8 text ({error.reason} at byte {error.start})"
            ) from error
        except LiteralError as error:
            if isinstance(refused, self._msgspec.ValidationError):
                raise BrokenLine(str(refused)) from error
            raise BrokenLine(
                f"it is neither JSON nor a Python literal ({error})"
            ) from error
        try:
            return self._msgspec.convert(value, kind)
        except self._msgspec.ValidationError as error:
            raise BrokenLine(str(error)) from error

    def _price(self, raw: Any) -> float | None:
        price = raw.price
        if price is None:
            return None
        if isinstance(price, str):
            if not price or price.isspace():
                return None
            amount = _PRICE.fullmatch(price)
            price = float(amount[1].replace(",", "")) if amount else -1
        if 0 <= price <= _LARGEST:
            return float(price)
        self.unreadable["price"] += 1
        return None


_NO_SIGNS = (None,) * len(_SIGNS)


def _other_record(keys: Collection[str]) -> str | None:
    """Return what a record with these keys is, or None."""
    for name, sets in _OTHER_RECORDS.items():
        if any(found.issubset(keys) for found in sets):
            return name
    return None


def _list_keys(keys: Collection[str]) -> str:
    """List the first keys for a message."""
    more = f" and {len(keys) - _N_KEYS} more" if len(keys) > _N_KEYS else ""
    return ", ".join(shown(key, 40) for key in list(keys)[:_N_KEYS]) + more


def _raw_type(key: str) -> Any:
    """Return the valid types of a key; a line with another type is broken."""
    text = str | int | float | None
    if key in ("categories", "category"):
        return list[str | list[str | None] | None] | str | None
    if key == "images":
        return list[dict[str, Any] | str | None] | dict[str, Any] | str | None
    if key.startswith(("title", "description", "im")):
        return text | list[str | None]
    return text


def _text(value: Any) -> str | None:
    """Return a value as a string, a list as lines; None if it is blank or NaN."""
    if type(value) is str:
        return None if not value or value.isspace() else value
    if value is None:
        return None
    if type(value) is list:
        return "\n".join([part for part in value if _text(part)]) or None
    if type(value) is float and not math.isfinite(value):
        return None
    return str(value)


def _asin(raw: Any) -> str | None:
    return _text(raw.asin) or _text(raw.parent_asin)


def _paths(raw: Any) -> list[str]:
    """Return the category paths: a list of paths in 2014, a single path since then."""
    levels = raw.categories or raw.category
    if not levels:
        return []
    if type(levels) is str:
        return [path] if (path := _join_levels([levels])) else []
    if list not in map(type, levels):
        levels = [levels]
    return [path for path in map(_join_levels, levels) if path]


def _join_levels(levels: Any) -> str:
    """Join the levels of a path, removing line breaks and separators within them."""
    if type(levels) is str:
        levels = [levels]
    named = [level for level in levels or () if level]
    path = LEVEL_SEPARATOR.join(named)
    regular = (
        path.isprintable()
        and "  " not in path
        and path[:1] != " " != path[-1:]
        and path.count(LEVEL_SEPARATOR) == len(named) - 1
    )
    if regular:
        return path
    tidy = [" ".join(level.split()) for level in named]
    return LEVEL_SEPARATOR.join(
        [level.replace(LEVEL_SEPARATOR, ">") for level in tidy if level]
    )


def _category(raw: Any) -> str | None:
    paths = _paths(raw)
    if paths:
        return paths[0].partition(LEVEL_SEPARATOR)[0]
    return _text(raw.main_cat) or _text(raw.main_category)


def _category_path(raw: Any) -> str | None:
    return PATH_SEPARATOR.join(_paths(raw)) or None


def _image_url(raw: Any) -> str | None:
    for value in (raw.imUrl, raw.imageURLHighRes, raw.imageURL, raw.image):
        url = _first(value)
        if url:
            return url
    return _first_of_2023(raw.images) if raw.images else None


def _first(value: Any) -> str | None:
    """Return the first URL of a list, or the only one."""
    if isinstance(value, list):
        return next(filter(None, map(_text, value)), None)
    return _text(value)


def _first_of_2023(images: Any) -> str | None:
    """Return the URL of the main image in its largest size, or of the first image."""
    if isinstance(images, dict):  # of lists with one entry per image
        lists = {
            key: entries for key, entries in images.items() if isinstance(entries, list)
        }
        n = max(map(len, lists.values()), default=0)
        images = [
            {key: entries[i] for key, entries in lists.items() if i < len(entries)}
            for i in range(n)
        ]
    records = [images] if isinstance(images, str) else list(filter(None, images))
    records.sort(key=lambda record: not _is_main(record))
    for record in records:
        urls = [record] if isinstance(record, str) else map(record.get, _SIZES)
        url = next((url for url in urls if isinstance(url, str) and _text(url)), None)
        if url:
            return url
    return None


def _is_main(record: Any) -> bool:
    return isinstance(record, dict) and record.get("variant") == "MAIN"
