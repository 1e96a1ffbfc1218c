"""The columns that published products are brought to."""

from __future__ import annotations

#: The columns that every release is brought to, and their types in a frame.
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

#: Between the levels of a category path, and between the paths of a product.
LEVEL_SEPARATOR = " > "
PATH_SEPARATOR = "\n"
