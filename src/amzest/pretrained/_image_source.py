"""Where a pretrained network of images comes from, and what identifies it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from amzest.pretrained._model_folder import find_model_folder, fingerprint
from amzest.pretrained._model_folder import pack_files as pack_folder
from amzest.utils import CACHE, shown

Kind = Literal["transformers", "onnx", "keras", "module"]

#: Files with the preprocessing that are read beside an ONNX file.
_BESIDE_ONNX = ("preprocessor_config.json", "processor_config.json")
#: What is added to the name of an ONNX file for weights that are kept beside it.
_ONNX_DATA = ("_data", ".data")
_KERAS = (".h5", ".hdf5")


@dataclass(frozen=True)
class ImageSource:
    """A network: a folder, files by name, or a module of the user."""

    kind: Kind
    fingerprint: str
    reference: str  # a path, a name of the hub, or the class of a module
    files: Any = None  # a Source, none of a module
    name: str = ""  # of the file with the network, if it is not a folder
    module: Any = None


def find_source(
    model: Any, *, keras_application: str | None, purpose: str
) -> ImageSource:
    """Return the source that the parameter `model` names; nothing is downloaded."""
    if not isinstance(model, str | os.PathLike):
        return ImageSource(
            "module", module_fingerprint(model), type(model).__qualname__, module=model
        )
    path = Path(model).expanduser()
    if path.is_file():
        return _source_of_file(path, keras_application)
    if keras_application is not None or path.suffix in (*_KERAS, ".onnx"):
        raise FileNotFoundError(
            f"`model` is {shown(str(model))}: there is no such file."
        )
    folder = find_model_folder(model, purpose=purpose)
    reference = str(path.absolute()) if path.is_dir() else str(model)
    return ImageSource("transformers", fingerprint(folder), reference, folder)


def packed_source(
    packed: Mapping[str, bytes], kind: Kind, fingerprint: str, reference: str
) -> ImageSource:
    """Return the source of files that a fitted estimator holds."""
    name = "" if kind == "transformers" else Path(reference).name
    return ImageSource(kind, fingerprint, reference, packed, name)


def pack_source(source: ImageSource) -> dict[str, bytes] | None:
    """Return the files of a source, by name; None for a module, which has none."""
    if not isinstance(source.files, Path):
        return None
    if source.kind == "transformers":
        return pack_folder(source.files)
    return {name: (source.files / name).read_bytes() for name in _files_of(source)}


def _source_of_file(path: Path, keras_application: str | None) -> ImageSource:
    """Return the source of an ONNX file or of weights of a Keras application."""
    path = path.absolute()
    if path.suffix == ".onnx" and keras_application is None:
        kind: Kind = "onnx"
    elif path.suffix in _KERAS:
        if keras_application is None:
            raise ValueError(
                f"`model` is {shown(str(path))}, weights without an architecture. Pass "
                "keras_application= the name of the class in keras.applications, such "
                'as "EfficientNetB0".'
            )
        kind = "keras"
    else:
        raise ValueError(_refusal(path, keras_application))
    source = ImageSource(kind, "", str(path), path.parent, path.name)
    return ImageSource(
        kind, _fingerprint_of_files(source), source.reference, source.files, source.name
    )


def _refusal(path: Path, keras_application: str | None) -> str:
    given = f"`model` is {shown(str(path))}"
    if keras_application is not None:
        return (
            f"{given}, but `keras_application` is {shown(keras_application)}, whose "
            "weights are a file with the extension .weights.h5."
        )
    if path.suffix == ".safetensors":
        return (
            f"{given}, weights without an architecture. Pass the folder with "
            "config.json, preprocessor_config.json and model.safetensors."
        )
    return (
        f"{given}, a file that is not read: formats of torch and pickles may execute "
        "code when they are loaded. Pass a folder with config.json and "
        "model.safetensors, an ONNX file, or a torch module into which you have loaded "
        "the weights."
    )


def _files_of(source: ImageSource) -> list[str]:
    """Return the names of the files on which the features depend."""
    folder: Any = source.files
    beside = [source.name + extension for extension in _ONNX_DATA]
    names = [source.name]
    if source.kind == "onnx":
        names += [n for n in (*beside, *_BESIDE_ONNX) if (folder / n).is_file()]
    return names


def _fingerprint_of_files(source: ImageSource) -> str:
    """Hash the names and contents of files, once as long as they do not change."""
    folder: Any = source.files
    paths = [folder / name for name in _files_of(source)]
    states = [os.stat(path) for path in paths]
    key = (
        "fingerprint",
        tuple(map(str, paths)),
        tuple((s.st_ino, s.st_size, s.st_mtime_ns) for s in states),
    )
    known = CACHE.get(key)
    if known is not None:
        return str(known)
    total = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        # A renamed file is the same network.
        total.update(f"{path.suffix}\0{digest}\n".encode())
    CACHE.put(key, total.hexdigest(), 1024)
    return total.hexdigest()


def module_fingerprint(module: Any) -> str:
    """Hash the architecture of a torch module, as it prints itself, and its weights."""
    import torch

    total = hashlib.sha256(f"{type(module).__qualname__}\n{module!r}".encode())
    for name, tensor in module.state_dict().items():
        if not isinstance(tensor, torch.Tensor):
            continue
        plain = tensor.detach().cpu().contiguous()
        total.update(f"{name}\0{plain.dtype}\0{tuple(plain.shape)}\n".encode())
        total.update(plain.flatten().view(torch.uint8).numpy().data)
    return total.hexdigest()
