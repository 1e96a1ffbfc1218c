"""Mapping of the published names of top-level categories."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from amzest.datasets._cleaning._html_entities import decode_entities
from amzest.utils import shown

#: Each of the ten categories with its names in the releases.
_NAMES = {
    "arts, crafts & sewing": ("Arts, Crafts & Sewing",),
    "books": ("Books", "Audible Audiobooks"),
    "clothing, shoes & jewelry": (
        *("Clothing, Shoes & Jewelry", "Clothing", "Clothing & Accessories"),
        *("Apparel & Accessories", "Amazon Fashion", "Shoes", "Jewelry", "Watches"),
    ),
    "electronics": (
        *("Electronics", "All Electronics", "Computers", "Computers & Accessories"),
        *("Camera & Photo", "Home Audio & Theater", "Portable Audio & Accessories"),
        *("Car Electronics", "GPS & Navigation", "Amazon Devices", "Amazon Fire TV"),
        "Apple Products",
    ),
    "grocery & gourmet food": ("Grocery & Gourmet Food", "Grocery", "Gourmet Food"),
    "health & personal care": (
        *("Health & Personal Care", "Health & Household", "Beauty & Personal Care"),
        *("Beauty", "All Beauty", "Luxury Beauty", "Premium Beauty"),
    ),
    "musical instruments": ("Musical Instruments",),
    "patio, lawn & garden": (
        *("Patio, Lawn & Garden", "Lawn & Patio", "Lawn & Garden", "Garden & Outdoor"),
    ),
    "sports & outdoors": ("Sports & Outdoors",),
    "toys & games": ("Toys & Games",),
}

#: Maps the names of top-level Amazon categories to ten common categories.
PUBLISHED_CATEGORIES: Mapping[str, str] = MappingProxyType(
    {name: category for category, names in _NAMES.items() for name in names}
)

_WORD = re.compile(r"[^\W_]+")


def category_key(name: str) -> str:
    """Return the words of a category without case and "and", equal for all spellings.

    A name of punctuation only is returned in lower case.
    """
    words = _WORD.findall(decode_entities(name).casefold())
    return " ".join([word for word in words if word != "and"]) or name.casefold()


class CategoryMapping:
    """New names of categories, found by any spelling of the published name."""

    def __init__(self, categories: Any) -> None:
        self.keeps_names = categories is None
        self._new_names: dict[str, str] = {}
        if categories is None:
            return
        if isinstance(categories, str):
            if categories != "published":
                msg = (
                    f'`categories` must be "published", a mapping of published names '
                    f"to new names, or None, got {shown(categories)}."
                )
                raise ValueError(msg)
            categories = PUBLISHED_CATEGORIES
        if not isinstance(categories, Mapping):
            msg = (
                '`categories` must be "published", a mapping of published names to new '
                f"names, or None, got {type(categories).__name__}."
            )
            raise TypeError(msg)
        for name, new_name in categories.items():
            for text in (name, new_name):
                if not isinstance(text, str) or not text.strip():
                    msg = (
                        f"`categories` must map strings to strings, got {shown(name)}: "
                        f"{shown(new_name)}. Omit the categories to drop."
                    )
                    raise TypeError(msg)
            self._add(name, new_name)
        for new_name in list(self._new_names.values()):
            # Cleaning is idempotent: new names are kept.
            self._add(new_name, new_name)

    def _add(self, name: str, new_name: str) -> None:
        known = self._new_names.setdefault(category_key(name), new_name)
        if known != new_name:
            msg = (
                f"`categories` has two new names for {shown(name)}: {shown(known)} and "
                f"{shown(new_name)}. Case and punctuation are ignored, and new names "
                "are kept. Remove one of them."
            )
            raise ValueError(msg)

    def find(self, name: str) -> str | None:
        """Return the new name of a cleaned name; None if there is none."""
        return name if self.keeps_names else self._new_names.get(category_key(name))
