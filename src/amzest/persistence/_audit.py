"""What a schema may say, checked before skops reads it.

skops checks the names of types. It calls some types with values from the file,
depending on the kind of node: the checks here restrict each trusted type to the one
kind that :func:`amzest.save` writes, and the work that a small file can cause.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection
from typing import Any

from scipy import sparse

from amzest.persistence._archive import nested_size
from amzest.persistence._schema import (
    NUMBER_KEYS,
    TEXT_KEYS,
    Node,
    nodes_in,
    type_name,
)
from amzest.persistence._trusted_types import AMZEST_TYPES, NODE_KINDS, OTHER_TYPES

_OBJECTS = frozenset((*AMZEST_TYPES, *OTHER_TYPES))


#: Types that keys of dicts are restored with. Others would be called with any text.
_KEY_TYPES = {
    f"{module}.{name}"
    for module in ("builtins", "numpy")
    for name in NUMBER_KEYS | TEXT_KEYS
}

#: The first protocol of skops that amzest has written.
_OLDEST_PROTOCOL = 2


class NotValid(ValueError):
    """A schema that :func:`amzest.save` cannot have written."""


def check_schema(schema: Any, trusted: Collection[str]) -> None:
    """Raise NotValid for nodes that would call a trusted type, or repeat work.

    `trusted` are the names of the types that the user trusts, in any kind of node.
    """
    if not isinstance(schema, dict) or "__loader__" not in schema:
        raise NotValid("its schema is not a node")
    protocol = schema.get("protocol")
    if not isinstance(protocol, int) or protocol < _OLDEST_PROTOCOL:
        raise NotValid(f"its protocol is {protocol!r}")
    first: dict[Any, Node] = {}
    for node in nodes_in(schema):
        for key in ("__loader__", "__module__", "__class__"):
            if not isinstance(node.get(key), str):
                raise NotValid(f"a node has no {key}")
        _check_identity(node, first)
        name = type_name(node)
        kind = "ObjectNode" if name in _OBJECTS else NODE_KINDS.get(name)
        loader = node["__loader__"]
        if name == "builtins.dict" and loader in ("DictNode", "TypeNode"):
            kind = loader
        if kind not in (None, loader) and name not in trusted:
            raise NotValid(f"{name} is in a {loader}")
        if loader == "DictNode":
            _check_keys(node)


def _check_identity(node: Node, first: dict[Any, Node]) -> None:
    """Raise if a repeated object is not written as it was the first time.

    skops reads only the first one. A node that names others instead of repeating them
    would let few bytes describe a tree of exponential size.
    """
    number = node.get("__id__")
    if number is None:
        return
    if not isinstance(number, int) or number <= 0:
        raise NotValid(f"a node has the id {number!r}")
    known = first.setdefault(number, node)
    if known is not node and known != node:
        raise NotValid(f"two different nodes have the id {number}")


def _check_keys(node: Node) -> None:
    key_types, content = node.get("key_types"), node.get("content")
    if not isinstance(key_types, dict) or not isinstance(content, dict):
        raise NotValid("a dict has no keys")
    kinds = key_types.get("content")
    if key_types.get("__loader__") != "ListNode" or not isinstance(kinds, list):
        raise NotValid("the types of the keys of a dict are not a list")
    if len(kinds) != len(content):
        raise NotValid("a dict has more types of keys than keys")
    for kind in kinds:
        is_type = isinstance(kind, dict) and kind.get("__loader__") == "TypeNode"
        if not is_type or type_name(kind) not in _KEY_TYPES:
            raise NotValid("a key of a dict is not text or a number")


def check_members(schema: Node, archive: zipfile.ZipFile) -> int:
    """Check the references to arrays; return the additional bytes of sparse matrices.

    Each array is read once per object that refers to it: an array of one object only
    cannot multiply the memory.
    """
    owners: dict[str, Any] = {}
    names = set(archive.namelist())
    nested = 0
    for node in nodes_in(schema):
        name = node.get("file")
        if name is None:
            continue
        if name not in names:
            raise NotValid(f"its member {name!r} is missing")
        owner = node.get("__id__", id(node))
        if owners.setdefault(name, owner) != owner:
            raise NotValid(f"two objects refer to its member {name!r}")
        if node["__loader__"] == "SparseMatrixNode":
            nested += nested_size(archive.read(name))
    return nested


def check_sparse(schema: Node, archive: zipfile.ZipFile) -> None:
    """Raise if a sparse matrix has indices out of range; SciPy would follow them."""
    for node in nodes_in(schema):
        if node["__loader__"] == "SparseMatrixNode":
            matrix = sparse.load_npz(io.BytesIO(archive.read(node["file"])))
            if matrix.format in ("csr", "csc", "bsr"):
                matrix.check_format(full_check=True)
