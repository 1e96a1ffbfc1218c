"""From the body of a request to columns of products: JSON with limits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from amzest.distributed._model_columns import ModelColumns
from amzest.serving._product_images import read_image
from amzest.serving._request_error import RequestError
from amzest.utils import count, shown, shown_list

#: Names of a request, and of a product beside the columns of the model.
_OPTIONS = ("products", "top_k", "explain")
_ID = "id"
#: JSON has integers of any length, and reads 1e999 as infinity.
_LARGEST = 2.0**63


@dataclass(frozen=True)
class Limits:
    """What a request may contain at most."""

    body_bytes: int
    products: int
    pixels: int
    explained: int


@dataclass(frozen=True)
class PredictionRequest:
    """Products by column, and what to answer."""

    columns: dict[str, list[Any]]
    ids: list[Any] | None
    n_products: int
    top_k: int
    explain: bool


def read_request(
    body: bytes,
    columns: ModelColumns,
    limits: Limits,
    *,
    image_root: str | None,
    default_top_k: int,
) -> PredictionRequest:
    """Return the products of a JSON body; RequestError if it is invalid."""
    document = _parse(body)
    if not isinstance(document, dict) or "products" not in document:
        raise RequestError(
            422,
            'The body must be a JSON object with "products", a list of objects: '
            f"{_example(columns)}",
        )
    _check_names(document, _OPTIONS, "The request")
    products, explain = _read_products(document, limits)
    top_k = document.get("top_k", default_top_k)
    if type(top_k) is not int or top_k < 1:
        raise RequestError(422, '"top_k" must be an integer, 1 or more.')
    _check_products(products, columns)
    cells = {
        name: [
            _read_cell(product.get(name), place, name, kind, limits, image_root)
            for place, product in enumerate(products)
        ]
        for name, kind in columns.kinds.items()
    }
    ids = None
    if _ID not in columns.kinds and any(_ID in product for product in products):
        ids = [_read_id(product.get(_ID), i) for i, product in enumerate(products)]
    return PredictionRequest(cells, ids, len(products), top_k, explain)


def _read_products(document: dict[str, Any], limits: Limits) -> tuple[list[Any], bool]:
    """Return the products, and whether to explain their predictions."""
    products = document["products"]
    # One product need not be in a list.
    products = [products] if isinstance(products, dict) else products
    if not isinstance(products, list) or not products:
        raise RequestError(422, '"products" must be a list of one or more objects.')
    if len(products) > limits.products:
        raise RequestError(
            413,
            f"The request has {count(len(products), 'product')}; the limit is "
            f"{limits.products:,}. Send several requests.",
        )
    explain = document.get("explain", False)
    if not isinstance(explain, bool):
        raise RequestError(422, '"explain" must be true or false.')
    if explain and len(products) > limits.explained:
        raise RequestError(
            413,
            f"The request asks for explanations of {count(len(products), 'product')}; "
            f"the limit is {limits.explained:,}. Send several requests.",
        )
    return products, explain


def _parse(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")  # json.loads would also accept UTF-16
        return json.loads(
            text, parse_constant=_reject_constant, object_pairs_hook=_unique_names
        )
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply"
        if not isinstance(error, RecursionError):
            reason = str(error)
        raise RequestError(422, f"The body is not valid JSON: {reason}.") from None


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not part of JSON; send null for a missing value")


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {shown(twice)} occurs twice in one object")
    return found


def _check_products(products: list[Any], columns: ModelColumns) -> None:
    known = (*columns.kinds, _ID)
    for place, product in enumerate(products):
        if not isinstance(product, dict):
            raise RequestError(
                422,
                f"Product {place} is {_json_type(product)}, expected an object: "
                f"{_example(columns)}",
            )
        _check_names(product, known, f"Product {place}")


def _check_names(found: dict[str, Any], known: tuple[str, ...], what: str) -> None:
    unknown = [name for name in found if name not in known]
    if unknown:
        raise RequestError(
            422,
            f"{what} has the unknown name {shown(unknown[0])}. Known are "
            f"{shown_list(known)}.",
        )


def _read_cell(
    value: Any,
    place: int,
    name: str,
    kind: str,
    limits: Limits,
    image_root: str | None,
) -> Any:
    where = f"Product {place}, {shown(name)}"
    if value is None:
        return None
    if kind == "image":
        return read_image(value, where, limits.pixels, image_root)
    if kind == "text" and not isinstance(value, str):
        raise RequestError(
            422, f"{where} is {_json_type(value)}, expected a text or null."
        )
    if isinstance(value, list | dict):
        raise RequestError(
            422, f"{where} is {_json_type(value)}, expected one value or null."
        )
    if isinstance(value, int | float) and not abs(value) < _LARGEST:
        raise RequestError(422, f"{where} is too large a number.")
    return _checked_text(value, where) if isinstance(value, str) else value


def _read_id(value: Any, place: int) -> Any:
    if value is not None and type(value) not in (str, int):
        raise RequestError(
            422,
            f'Product {place}, "id" is {_json_type(value)}, expected a text or an '
            "integer.",
        )
    where = f'Product {place}, "id"'
    return _checked_text(value, where) if isinstance(value, str) else value


def _checked_text(text: str, where: str) -> str:
    if _whole(text) != text:
        raise RequestError(
            422,
            f"{where} contains half a character (a lone surrogate, such as \\ud83d), "
            "which is not valid text.",
        )
    return text


def _whole(text: str) -> str:
    """Return a text with each lone surrogate replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _json_type(value: Any) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text"}
    names |= {list: "a list", dict: "an object", type(None): "null"}
    return names[type(value)]


def _example(columns: ModelColumns) -> str:
    values = {"text": "...", "image": {"bytes": "BASE64"}, "other": 1}
    product = {name: values[kind] for name, kind in columns.kinds.items()}
    return json.dumps({"products": [product]}, ensure_ascii=True)
