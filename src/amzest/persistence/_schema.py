"""The schema of skops, made smaller, exact and independent of memory addresses.

A schema is a tree of nodes in JSON: dicts that say with `__loader__` how an object is
restored, and with `__module__` and `__class__` which type it has.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]

#: Entries beside those that depend on the kind of node; the last two are of the root.
_OF_ANY_NODE = ("__id__", "protocol", "_skops_version")

#: Types of keys that skops restores from their text: `int("1")`, `float32("0.1")`.
NUMBER_KEYS = frozenset(
    ["int", "float", "float16", "float32", "float64"]
    + [f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)]
)
TEXT_KEYS = frozenset(["str", "str_"])

#: Types of keys that JSON writes as "true" and "null".
_LITERAL_KEYS = NUMBER_KEYS | {"bool", "bool_", "NoneType"}


def nodes_in(value: Any) -> Iterator[Node]:
    """Yield every node of a schema, outer ones first."""
    # A stack instead of recursion: the depth is that of the file.
    stack = [value]
    while stack:
        current = stack.pop()
        if isinstance(current, dict):
            if "__loader__" in current:
                yield current
            stack.extend(reversed(current.values()))
        elif isinstance(current, list):
            stack.extend(reversed(current))


def type_name(node: Node) -> str:
    """Return the full name of the type of a node."""
    return f"{node.get('__module__')}.{node.get('__class__')}"


def rewrite_schema(schema: Node) -> dict[str, str]:
    """Rewrite the schema of skops in place; return the new names of its files.

    Memory addresses become small numbers, and are dropped where an object occurs once.
    Lists and dicts of plain values, such as vocabularies, become one node each. Dicts
    whose keys skops would not restore exactly are written as pairs.
    """
    _share_repeated(schema)
    visits = list(nodes_in(schema))
    seen = Counter(
        node["__id__"] for node in visits if node["__loader__"] != "JsonNode"
    )
    nodes = list({id(node): node for node in visits}.values())
    numbers: dict[int, int] = {}
    files: dict[str, str] = {}
    for node in nodes:
        address = node.pop("__id__", None)
        if seen[address] > 1:
            node["__id__"] = numbers.setdefault(address, len(numbers) + 1)
        if isinstance(node.get("file"), str):
            name = node["file"]
            suffix = name.rpartition(".")[2]
            node["file"] = files.setdefault(name, f"{len(files)}.{suffix}")
        if str(node.get("__module__")).partition(".")[0] == "pathlib":
            # PosixPath cannot be created on Windows, nor the reverse.
            node["__module__"], node["__class__"] = "pathlib", "Path"
    lists_of_types = {id(node.get("key_types")) for node in nodes}
    for node in reversed(nodes):  # inner ones first
        if node["__loader__"] == "DictNode":
            _write_dict(node)
        elif id(node) in lists_of_types or node["__loader__"] != "ListNode":
            continue
        elif _is_plain(node, "list"):
            items = [item["content"] for item in node["content"]]
            _write_json(node, f"[{','.join(items)}]")
    return files


def _share_repeated(schema: Node) -> None:
    """Replace what is written of an object again by what was written first.

    skops reads only the first. They can differ: it writes the dtype of an array with
    the help of a new empty array each time.
    """
    first: dict[int, Node] = {}
    stack: list[Any] = [schema]
    while stack:
        current = stack.pop()
        items = current.items() if isinstance(current, dict) else enumerate(current)
        for key, value in list(items):
            if isinstance(value, dict) and "__id__" in value:
                current[key] = first.setdefault(value["__id__"], value)
                if current[key] is not value:
                    continue
            if isinstance(value, dict | list):
                stack.append(value)


def _is_plain(node: Node, kind: str) -> bool:
    """Return whether a list or dict contains only values that JSON restores."""
    content = node["content"]
    values = content.values() if isinstance(content, dict) else content
    return type_name(node) == f"builtins.{kind}" and all(
        value["__loader__"] == "JsonNode" and "__id__" not in value for value in values
    )


def _write_json(node: Node, content: str) -> None:
    kept = {key: node[key] for key in _OF_ANY_NODE if key in node}
    node.clear()
    node.update(_json_node(content) | kept)


def _json_node(content: str) -> Node:
    node = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode"}
    return {**node, "content": content, "is_json": True}


def _write_dict(node: Node) -> None:
    """Write a dict of plain values as JSON, or as pairs if skops would change its keys.

    It restores keys with their types: `bool("False")` is True. Keys that are different
    in the dict and equal in JSON, as 1 and "1", are an error.
    """
    types = [key["__class__"] for key in node["key_types"]["content"]]
    items = list(node["content"].items())
    if len(items) < len(types):
        raise ValueError(
            "A dict has keys of several types that are written alike, such as 1 and "
            '"1"; use keys of one type.'
        )
    if {"str"}.issuperset(types) and _is_plain(node, "dict"):
        texts = [f"{json.dumps(key)}:{value['content']}" for key, value in items]
        _write_json(node, f"{{{','.join(texts)}}}")
    elif not NUMBER_KEYS.union(TEXT_KEYS).issuperset(types):
        pairs = [
            _sequence("TupleNode", "tuple", [_key(key, kind), value])
            for (key, value), kind in zip(items, types, strict=True)
        ]
        del node["key_types"]
        node["__loader__"] = "ConstructorFromReduceNode"
        listed = _sequence("ListNode", "list", pairs)
        node["content"] = _sequence("TupleNode", "tuple", [listed])


def _key(key: str, kind: str) -> Node:
    """Return the node of a key: JSON has written None, True and 1 as text."""
    return _json_node(key if kind in _LITERAL_KEYS else json.dumps(key))


def _sequence(loader: str, kind: str, content: list[Node]) -> Node:
    node = {"__class__": kind, "__module__": "builtins", "__loader__": loader}
    return {**node, "content": content}
