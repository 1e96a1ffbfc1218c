"""From one published line to one product, whichever release it is from."""

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
#: How many keys of a record a message names.
_N_KEYS = 12
#: What the releases call the columns; the first that holds something counts.
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
#: Keys that only products have. With one of them a line that also holds a review, such
#: as a table of both that was joined, is a product.
_OF_PRODUCTS = frozenset(
    {key for name, keys in _KEYS.items() if "image" not in name for key in keys}
    - {"asin", "parent_asin", "title"}
    | {"imUrl", "features", "details", "average_rating"}
)
#: What else is published beside the metadata, the keys that tell it, and its name. All
#: keys of a set must be there, with any of the sets.
_OTHER_RECORDS = {
    "a review": (
        *({"reviewerID"}, {"reviewText"}, {"overall"}, {"user_id"}, {"helpful_vote"}),
        {"rating", "text"},
    ),
    "a question": ({"questionType"}, {"question"}, {"questions"}),
}
_SIGNS = sorted({min(keys) for sets in _OTHER_RECORDS.values() for keys in sets})
#: Of the sizes that the release of 2023 has, the largest first.
_SIZES = ("hi_res", "large", "thumb")

_AMOUNT = r"\s*+[$£€]?+\s*+(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
#: Above it, a whole number is none that a float can hold.
_LARGEST = sys.float_info.max
_PRICE = re.compile(rf"\s*+(?:from\s)?+{_AMOUNT}\s*+(?:[-–]{_AMOUNT}\s*+)?")


class BrokenLine(ValueError):
    """A line holds no product; the message says why."""


class LineParser:
    """Read lines of any release into the columns of one schema.

    Parameters
    ----------
    columns : sequence of str
        Names of the schema.

    Attributes
    ----------
    values : dict of str to list
        The values of the lines read so far, column by column; None where there is none.

    unreadable : Counter
        For each column, the number of values that were there but could not be read and
        are therefore missing.
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
        """Give a type to read lines into, and the function that does so with JSON."""
        return kind, self._msgspec.json.Decoder(kind).decode

    def start(self, columns: Sequence[str]) -> None:
        """Start anew with empty columns."""
        self.values: dict[str, list[Any]] = {name: [] for name in columns}
        self.unreadable: Counter[str] = Counter()
        self._fill = [
            (self._readers[name], values.append) for name, values in self.values.items()
        ]

    def read(self, line: bytes) -> None:
        """Read one line and append its values to the columns.

        Parameters
        ----------
        line : bytes
            A JSON object or a Python dictionary, without white space around it.

        Raises
        ------
        BrokenLine
            If the line is neither, or is no product.
        """
        raw = self._decode(line, *self._product)
        if not _asin(raw) or self._signs(raw) != _NO_SIGNS:
            self._check_kind(line, raw)
        # One after the other, without a row in between: what the garbage collector
        # does not see, it need not walk through.
        for read, append in self._fill:
            append(read(raw))

    def _check_kind(self, line: bytes, raw: Any) -> None:
        """Raise an error if a line is no product, which says what it is."""
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
        """Give the fields of a line that are needed, as they are written."""
        refused: Exception | None = None
        if line.startswith(b"{'"):
            # Without a double quote or a backslash, single quotes do nothing but begin
            # and end strings, and the literal is JSON but for the kind of its quotes.
            plain = b'"' not in line and b"\\" not in line
            json = line.replace(b"'", b'"') if plain else None
        else:
            json = line
        if json is not None:
            try:
                return decode_json(json)
            # Also what JSON forbids and Python's json writes, such as NaN.
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
    """Name what a record with these keys is, if it is no product."""
    for name, sets in _OTHER_RECORDS.items():
        if any(found.issubset(keys) for found in sets):
            return name
    return None


def _list_keys(keys: Collection[str]) -> str:
    """Write the first keys for a message."""
    more = f" and {len(keys) - _N_KEYS} more" if len(keys) > _N_KEYS else ""
    return ", ".join(shown(key, 40) for key in list(keys)[:_N_KEYS]) + more


def _raw_type(key: str) -> Any:
    """Give the types that a key may have; anything else makes a line broken."""
    text = str | int | float | None
    if key in ("categories", "category"):
        return list[str | list[str | None] | None] | str | None
    if key == "images":
        return list[dict[str, Any] | str | None] | dict[str, Any] | str | None
    if key.startswith(("title", "description", "im")):
        return text | list[str | None]
    return text


def _text(value: Any) -> str | None:
    """Give a text as it is, a number as it is written, a list as lines.

    None for what holds nothing: a blank text, and a number that is none.
    """
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
    """Give the category paths: of a list of lists in 2014, of levels since."""
    levels = raw.categories or raw.category
    if not levels:
        return []
    if type(levels) is str:
        return [path] if (path := _join_levels([levels])) else []
    if list not in map(type, levels):
        levels = [levels]
    return [path for path in map(_join_levels, levels) if path]


def _join_levels(levels: Any) -> str:
    """Join the levels of a path, each on one line and without the separator in it."""
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
    """Give the first address of a list that holds one, or the only one."""
    if isinstance(value, list):
        return next(filter(None, map(_text, value)), None)
    return _text(value)


def _first_of_2023(images: Any) -> str | None:
    """Give the main photo at its largest, or else the first that there is."""
    if isinstance(images, dict):  # of lists: one entry a photo in each
        lists = {
            key: entries for key, entries in images.items() if isinstance(entries, list)
        }
        n = max(map(len, lists.values()), default=0)
        images = [
            {key: entries[i] for key, entries in lists.items() if i < len(entries)}
            for i in range(n)
        ]
    photos = [images] if isinstance(images, str) else list(filter(None, images))
    photos.sort(key=lambda photo: not _is_main(photo))
    for photo in photos:
        urls = [photo] if isinstance(photo, str) else map(photo.get, _SIZES)
        url = next((url for url in urls if isinstance(url, str) and _text(url)), None)
        if url:
            return url
    return None


def _is_main(photo: Any) -> bool:
    return isinstance(photo, dict) and photo.get("variant") == "MAIN"
