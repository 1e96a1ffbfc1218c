"""Manipulated files of models: bytes, members of the archive, nodes of the schema."""

from __future__ import annotations

import io
import json
import pickle
import random
import zipfile
import zlib

import numpy as np

METADATA, SCHEMA = "amzest.json", "schema.json"


def members_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_of(members, compression=zipfile.ZIP_STORED):
    """Return an archive; `members` is a dict, or pairs where names repeat."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, content)
    return buffer.getvalue()


def nodes_of(schema):
    stack, found = [schema], []
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if "__loader__" in value:
                found.append(value)
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return found


def node(loader, name, **more):
    module, _, cls = name.rpartition(".")
    return {"__loader__": loader, "__module__": module, "__class__": cls, **more}


def text(value):
    return node("JsonNode", "builtins.str", content=json.dumps(value), is_json=True)


def tuple_of(*items):
    return node("TupleNode", "builtins.tuple", content=list(items))


def list_of(*items):
    return node("ListNode", "builtins.list", content=list(items))


def dict_of(key_type, **items):
    types = list_of(*[node("TypeNode", key_type) for _ in items])
    return node("DictNode", "builtins.dict", content=items, key_types=types)


def calls(command, canary):
    """Return nodes that run code if they are constructed, or if what they make is used.

    `command` is for a shell, `canary` the path that it writes.
    """
    code = f"open({canary!r}, 'w')"
    system = [
        ("os.system", command),
        ("posix.system", command),
        ("subprocess.run", command),
    ]
    python = [("builtins.eval", code), ("builtins.exec", code)]
    others = [
        ("builtins.open", canary),
        ("pickle.loads", "x"),
        ("joblib.load", canary),
        ("importlib.import_module", "antigravity"),
        ("amzest.datasets.fetch_amazon_products", "x"),
        ("amzest.pretrained._model_folder.pack_files", "/"),
        ("numpy.load", canary),
    ]
    found = []
    for name, argument in system + python + others:
        arguments = tuple_of(text(argument))
        function = node("FunctionNode", name)
        partial = {
            "func": function,
            "args": arguments,
            "kwds": dict_of("builtins.str"),
            "namespace": dict_of("builtins.str"),
        }
        found += [
            function,
            node("TypeNode", name),
            node("ConstructorFromReduceNode", name, content=arguments),
            node("ListNode", name, content=[text(argument)]),
            node("SetNode", name, content=[text(argument)]),
            node("TupleNode", name, content=[text(argument)]),
            node("ObjectNode", name, content=dict_of("builtins.str")),
            node("PartialNode", "functools.partial", content=partial),
            dict_of(name, **{argument[:20]: text(1)}),
            {**dict_of("builtins.str"), **{"__module__": name.rpartition(".")[0]}}
            | {"__class__": name.rpartition(".")[2]},
            node(
                "LossNode",
                name,
                __reduce__={"args": arguments},
                content=dict_of("builtins.str"),
            ),
        ]
    method = {"func": "fit", "obj": text("x")}
    found += [
        node("MethodNode", "builtins.str", content=method),
        node("OperatorFuncNode", "operator.methodcaller", attrs=tuple_of(text("x"))),
        node("OperatorFuncNode", "operator.call", attrs=tuple_of(text("x"))),
        node("CachedNode", "builtins.str", __id__=1),
        node("ObjectNode", "amzest.text._text_cnn.TextCNNClassifier", content=None),
        # A type that is trusted as an object, called with values from the file.
        node(
            "ConstructorFromReduceNode",
            "amzest.ensemble._cross_fit.CrossFit",
            content=tuple_of(text(command)),
        ),
    ]
    return found


def pickled(command):
    class Payload:
        def __reduce__(self):
            import os

            return os.system, (command,)

    return pickle.dumps(Payload())


def object_array(command):
    """Return a file of NumPy with a pickled object in it."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_2_0(
        buffer, {"shape": (1,), "fortran_order": False, "descr": "|O"}
    )
    return buffer.getvalue() + pickled(command)


def replaced(schema, generator, new):
    """Return the schema with one node, or the content of one, replaced."""
    schema = json.loads(json.dumps(schema))
    target = generator.choice(nodes_of(schema))
    if generator.random() < 0.1:
        target = schema
    kept = {k: schema[k] for k in ("protocol", "_skops_version") if target is schema}
    target.clear()
    target.update(json.loads(json.dumps(new)) | kept)
    return schema


def manipulated(data, seed, command, canary):
    """Return a name and the bytes of one manipulated file."""
    generator = random.Random(seed)
    members = members_of(data)
    schema = json.loads(members[SCHEMA])
    arrays = [name for name in members if name.endswith((".npy", ".bin", ".npz"))]
    kind = generator.choice(
        ["bytes", "cut", "call", "call", "call", "schema", "array", "member", "other"]
    )
    if kind == "bytes":
        changed = bytearray(data)
        for _ in range(generator.choice([1, 10, 100])):
            changed[generator.randrange(len(changed))] = generator.randrange(256)
        return kind, bytes(changed)
    if kind == "cut":
        return kind, data[: generator.randrange(len(data))]
    if kind == "call":
        new = generator.choice(calls(command, canary))
        members[SCHEMA] = json.dumps(replaced(schema, generator, new)).encode()
        return f"{kind} {new['__loader__']}", archive_of(members)
    if kind == "schema":
        members[SCHEMA] = _broken_schema(schema, generator)
        return kind, archive_of(members)
    if kind == "array" and arrays:
        name = generator.choice(arrays)
        members[name] = generator.choice(
            [object_array(command), pickled(command), b"", members[name][:-3]]
        )
        return kind, archive_of(members)
    if kind == "member":
        return kind, _broken_members(members, arrays, generator)
    contents = [pickled(command), zlib.compress(pickled(command)), b"", b"PK", b"{}"]
    return "other", generator.choice(contents)


def _broken_schema(schema, generator):
    target = generator.choice(nodes_of(schema))
    key = generator.choice(list(target))
    values = [None, [], {}, "x", -1, 10**30, True, [[]], {"__loader__": "ListNode"}]
    if generator.random() < 0.3:
        del target[key]
    else:
        target[key] = generator.choice(values)
    if generator.random() < 0.2:
        return (b"[" * 100_000) + b"]" * 100_000
    return json.dumps(schema).encode()


def _broken_members(members, arrays, generator):
    change = generator.choice(["missing", "double", "path", "bomb", "no metadata"])
    pairs = list(members.items())
    if change == "missing":
        del members[generator.choice(list(members))]
        return archive_of(members)
    if change == "double":
        return archive_of_double([*pairs, (SCHEMA, b"{}")])
    if change == "path":
        name = generator.choice(["../x.npy", "/tmp/x.npy", "a/b.npy", "C:\\x.npy"])
        return archive_of([*pairs, (name, b"x")])
    if change == "bomb":
        members["9999.npy"] = bytes(200 * 2**20)
        return archive_of(members, zipfile.ZIP_DEFLATED)
    members[METADATA] = generator.choice([b"", b"{}", b"[]", b'{"format": 1}', b"\xff"])
    return archive_of(members)


def archive_of_double(pairs):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return archive_of(pairs)
