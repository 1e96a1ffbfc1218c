"""Columns of a product table that was read from a published release."""

from __future__ import annotations

#: Columns of every table that is read from a release, and their dtypes.
SCHEMA = {
    "asin": "str",
    "title": "str",
    "description": "str",
    "category": "str",
    "category_path": "str",
    "brand": "str",
    "price": "float64",
    "image_url": "str",
}

#: Separates the levels of a category path, and the paths of a product.
LEVEL_SEPARATOR = " > "
PATH_SEPARATOR = "\n"
