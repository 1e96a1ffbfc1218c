"""Folders with pretrained weights: found, never fetched, and identified by content."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from amzest.utils import CACHE, require, shown

#: Where a model is: its folder, or its files by relative name (with "/").
Source = Path | Mapping[str, bytes]

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"

#: A network in the ONNX format, and the description of its export by this package.
ONNX_WEIGHTS = "onnx/model.onnx"
ONNX_RECORD = "onnx/amzest.json"
#: Weights outside of the network's file, where it would exceed 2 GB.
_ONNX_DATA = ("onnx/model.onnx.data", "onnx/model.onnx_data")

#: Settings of a network that name an implementation of attention.
_ATTENTION = (
    "attn_implementation",
    "_attn_implementation",
    "_attn_implementation_internal",
)

#: Suffixes of weights that are not read: unpickling a file may execute code in it.
_UNSAFE = (".bin", ".pt", ".pth", ".pkl", ".ckpt", ".h5", ".msgpack", ".ot")

#: Files beside the weights on which outputs depend: configuration, tokenizer, pooling.
_SETTINGS = re.compile(
    r"(?:[\w.-]+/)?(?:config|modules|sentence_\w+_config|config_sentence_transformers"
    r"|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab"
    r"|preprocessor_config|processor_config)\.json"
    r"|(?:[\w.-]+/)?(?:vocab\.txt|merges\.txt|bpe\.codes|[\w.-]+\.model)"
)
#: Folders in which repositories keep copies of the model in other formats.
_OTHER_FORMATS = {"onnx", "openvino", "coreml", ".cache", ".git"}

_NAME = r"[\w-][\w.-]*"
_HUB_NAME = re.compile(f"(?:{_NAME}/)?{_NAME}")


def find_model_folder(model: str | os.PathLike[str], *, purpose: str) -> Path:
    """Return the folder of a model: an existing one, or one in the local hub cache.

    Nothing is downloaded, and no connection is opened. `purpose` starts the message
    about a missing model.
    """
    name = os.fspath(model)
    folder = Path(model).expanduser()
    if name and folder.is_dir():
        return folder
    if folder.is_file():
        raise ValueError(
            f"`model` is {shown(name)}, a file; {purpose} needs the folder with the "
            f"weights ({WEIGHTS}), {CONFIG} and the tokenizer or preprocessing files."
        )
    # A path is no name of the hub: "./model", "C:\\model" and "/models/a/b" are not.
    if isinstance(model, str) and _HUB_NAME.fullmatch(name) and ".." not in name:
        cached = _find_in_hub_cache(name, purpose)
        if cached is not None:
            return cached
        raise FileNotFoundError(
            f"`model` is {shown(name)}: there is no such folder, and no such model in "
            f"the local hub cache ({_hub_cache()}). {purpose} downloads nothing. Fetch "
            f"the model once with: hf download {name}"
        )
    raise FileNotFoundError(
        f"`model` is {shown(name)}: there is no such folder. {purpose} downloads "
        f"nothing. Fetch a model once with: hf download ORG/NAME --local-dir {name}"
    )


def _hub_cache() -> str:
    """Return the folder of the hub cache; HF_HUB_CACHE and HF_HOME are honoured."""
    require("huggingface_hub", extra="pretrained", purpose="Finding a model by name")
    from huggingface_hub import constants

    return str(constants.HF_HUB_CACHE)


def _find_in_hub_cache(name: str, purpose: str) -> Path | None:
    require("huggingface_hub", extra="pretrained", purpose=purpose)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(name, cache_dir=_hub_cache(), local_files_only=True)
        )
    except (HFValidationError, LocalEntryNotFoundError):
        return None


def read_json(folder: Path, name: str, kind: type = dict) -> Any:
    """Return the content of a JSON file of a model, or None if it is absent.

    `kind` is what the file has to contain: dict or list.
    """
    path = folder / name
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(
            f"{path}: not valid JSON ({error}). Fetch the file again."
        ) from error
    if not isinstance(content, kind):
        raise ValueError(
            f"{path}: contains {shown(content)}; expected a {kind.__name__}. Fetch the "
            "file again."
        )
    return content


def read_config(folder: Path) -> dict[str, Any]:
    """Return the configuration of a network; raise if it needs code of its own."""
    config = read_json(folder, CONFIG)
    if config is None:
        raise ValueError(
            f"{folder / CONFIG} is missing. The folder of a model has {CONFIG}, "
            f"{WEIGHTS} and the files of the tokenizer or the preprocessing."
        )
    # Implementations of attention with another name may be code of the hub.
    attention = {config.get(name) for name in _ATTENTION} - {None, "eager", "sdpa"}
    reason = ""
    if config.get("auto_map"):
        reason = 'code from its folder or from the hub ("auto_map")'
    elif attention:
        reason = f"the implementation of attention {shown(attention.pop())}"
    if reason:
        raise ValueError(
            f"{folder / CONFIG}: the model needs {reason}, which is never executed. Use"
            " a model whose architecture is part of transformers."
        )
    if config.get("quantization_config"):
        raise ValueError(
            f"{folder / CONFIG}: the weights are quantized, which is not implemented. "
            "Use the model that they were quantized from."
        )
    if (folder / "adapter_config.json").is_file():
        raise ValueError(
            f"{folder / 'adapter_config.json'}: the weights are an adapter of another "
            "model. Merge them once with peft: merge_and_unload(), save_pretrained()."
        )
    return config


def weight_files(folder: Path) -> list[str]:
    """Return the names of the safetensors files, or else of the ONNX files.

    Raise if there are none.
    """
    if (folder / WEIGHTS).is_file():
        return [WEIGHTS]
    index = read_json(folder, _INDEX)
    if index is not None:
        names = sorted(set(map(str, dict(index.get("weight_map") or {}).values())))
        for name in names:
            if Path(name).name != name or not (folder / name).is_file():
                raise ValueError(
                    f"{folder / _INDEX} names {shown(name)}, which is not in the "
                    "folder. Fetch the model again."
                )
        return [_INDEX, *names]
    if (folder / ONNX_WEIGHTS).is_file():
        others = [ONNX_RECORD, *_ONNX_DATA]
        return [ONNX_WEIGHTS, *(name for name in others if (folder / name).is_file())]
    unsafe = sorted(p.name for p in folder.iterdir() if p.suffix in _UNSAFE)
    if unsafe:
        raise ValueError(
            f"{folder}: the weights are in {', '.join(unsafe)}, a format that may "
            f"execute code when it is read. Only {WEIGHTS} is read. Convert the "
            "weights once, from a source that you trust: "
            "AutoModel.from_pretrained(folder).save_pretrained(folder) of transformers "
            f"writes {WEIGHTS}; for models of the hub see "
            "https://huggingface.co/spaces/safetensors/convert"
        )
    raise ValueError(f"{folder / WEIGHTS} is missing. Fetch the model again.")


def has_onnx_weights(source: Source) -> bool:
    """Return whether the weights are those of an ONNX file; safetensors come first."""
    if isinstance(source, Path):
        return ONNX_WEIGHTS in weight_files(source)
    return ONNX_WEIGHTS in source


def exported_from(folder: Path) -> str | None:
    """Return the fingerprint of the model that was exported to this folder, if any."""
    if not has_onnx_weights(folder):
        return None
    found = (read_json(folder, ONNX_RECORD) or {}).get("source_fingerprint")
    return None if found is None else str(found)


def model_files(folder: Path) -> list[str]:
    """Return the relative names of all files on which the outputs depend, sorted."""
    found = set()
    for path in (*folder.iterdir(), *folder.glob("*/*")):
        name = path.relative_to(folder).as_posix()
        if name.split("/")[0] in _OTHER_FORMATS or not _SETTINGS.fullmatch(name):
            continue
        if path.is_file():
            found.add(name)
    # Old versions of sentence-transformers wrote the network into a folder of its own.
    place = "0_Transformer/" if f"0_Transformer/{CONFIG}" in found else ""
    return sorted(found.union(place + name for name in weight_files(folder / place)))


def fingerprint(folder: Path) -> str:
    """Return a hash of the names and contents of all files of :func:`model_files`.

    It is computed once per process, as long as no file changes its size or time.
    """
    names = model_files(folder)
    states = [os.stat(folder / name) for name in names]
    key = (
        "fingerprint",
        os.path.realpath(folder),
        tuple(
            (name, state.st_ino, state.st_size, state.st_mtime_ns)
            for name, state in zip(names, states, strict=True)
        ),
    )
    known = CACHE.get(key)
    if known is not None:
        return str(known)
    total = hashlib.sha256()
    for name in names:
        with open(folder / name, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{name}\0{digest}\n".encode())
    CACHE.put(key, total.hexdigest(), 1024)
    return total.hexdigest()


def pack_files(folder: Path) -> dict[str, bytes]:
    """Return the content of all files of :func:`model_files` by relative name."""
    return {name: (folder / name).read_bytes() for name in model_files(folder)}


@contextmanager
def opened(source: Source) -> Iterator[Path]:
    """Return the folder of a source; packed files are in a temporary one meanwhile."""
    if isinstance(source, Path):
        yield source
        return
    # Windows cannot remove a file that is memory-mapped.
    with tempfile.TemporaryDirectory(
        prefix="amzest-model-", ignore_cleanup_errors=True
    ) as folder:
        for name, content in source.items():
            given = Path(name)
            if given.is_absolute() or given.drive or ".." in given.parts:
                raise ValueError(
                    f"The packed model contains the file {shown(name)}, which is not "
                    "a name that embed_weights=True writes. Do not use this model."
                )
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        yield Path(folder)
