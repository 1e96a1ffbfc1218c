"""Export of encoders of texts to ONNX, for predictions without torch."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.utils._param_validation import StrOptions

from amzest.pretrained._model_folder import (
    ONNX_RECORD,
    ONNX_WEIGHTS,
    find_model_folder,
    fingerprint,
    has_onnx_weights,
    model_files,
    read_config,
    read_json,
    weight_files,
)
from amzest.pretrained._onnx_text_model import HIDDEN_STATES, load_onnx_network
from amzest.pretrained._text_description import (
    check_architecture,
    n_features,
    needs_prompt,
    transformer_folder,
)
from amzest.pretrained._text_model import load_text_network, load_tokenizer
from amzest.utils import check_installed, import_torch, shown, validate_params

#: Networks with larger weights do not fit into one file: protobuf's limit is 2 GiB.
_MAX_BYTES = 2**31 - 2**27

#: Names of the prompts of e5 models, which need one of them, but do not contain any.
_E5_PROMPTS = {"query": "query: ", "passage": "passage: "}

#: Smallest cosine similarity of the vectors of tokens with those of the network.
_MIN_SIMILARITY = {"float32": 0.9999, "int8": 0.8}


@validate_params(
    {
        "model": [str, PathLike],
        "folder": [str, PathLike],
        "precision": [StrOptions({"int8", "float32"})],
    }
)
def export_onnx(
    model: str | PathLike[str],
    folder: str | PathLike[str],
    *,
    precision: Literal["int8", "float32"] = "int8",
) -> Path:
    """Export a pretrained encoder of texts to ONNX, for faster predictions.

    The new folder is a model for :class:`~amzest.PretrainedTextEncoder` and
    :class:`~amzest.PretrainedTextClassifier` like the one that was exported, but it is
    used by ONNX Runtime: torch and transformers are not imported, and need not be
    installed.

    Parameters
    ----------
    model : str or path
        Folder of the encoder, or its name in the local cache of the Hugging Face Hub.
    folder : str or path
        Folder to write to. It must not exist, or be empty, or be an export that this
        function made; that is replaced.
    precision : {"int8", "float32"}, default="int8"
        Numbers of the exported network. With "int8" the weights take a quarter of the
        memory, and matrix products are computed in integers. Vectors then differ
        slightly from those of the original.

    Returns
    -------
    pathlib.Path
        `folder`, which contains the network (onnx/model.onnx), the tokenizer and the
        files that describe how texts are encoded.

    Raises
    ------
    ValueError
        If the model cannot be used, its network cannot be exported, or `folder`
        contains other files.
    FileNotFoundError
        If there is no such model on this machine.
    ImportError
        If torch, transformers, onnx, onnxscript or onnxruntime is missing.

    See Also
    --------
    amzest.PretrainedTextClassifier : Uses the exported folder as `model`.

    Notes
    -----
    The extra `pretrained` is needed for the export, and the extra `onnx` for the export
    and for predictions.

    The export contains the hash of the original, so that it can also replace the
    original in a fitted estimator: assign the folder to the attribute `model_`.

    With "int8", weights have one scale for each output and 7 bits, with which products
    cannot overflow on processors without VNNI instructions. The range of activations is
    found in each text, which is therefore encoded by itself: a vector does not depend
    on what else is encoded.

    Examples
    --------
    >>> from amzest.pretrained import PretrainedTextEncoder, export_onnx
    >>> folder = export_onnx(
    ...     "sentence-transformers/all-MiniLM-L6-v2", "minilm-int8"
    ... )  # doctest: +SKIP
    >>> encoder = PretrainedTextEncoder(folder)  # doctest: +SKIP
    """
    for package, extra in (
        *(("torch", "pretrained"), ("transformers", "pretrained")),
        *(("onnx", "onnx"), ("onnxscript", "onnx"), ("onnxruntime", "onnx")),
    ):
        check_installed(package, extra=extra, purpose="export_onnx")
    source = find_model_folder(model, purpose="export_onnx")
    if has_onnx_weights(source):
        raise ValueError(
            f"`model` is {shown(os.fspath(model))}, which is an ONNX model already. "
            "Export the original with its safetensors weights."
        )
    target = Path(folder).expanduser()
    _check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Complete, or not there: written beside the target, and renamed.
    draft = target.with_name(f".{target.name}-{os.getpid()}")
    draft.mkdir()
    try:
        _copy_description(source, draft)
        _write_network(source, draft, precision)
        _write_record(source, draft, precision)
        _replace(target, draft)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if not path.is_dir()
    }


def _check_target(target: Path) -> None:
    """Raise if the folder has files that are not those of an export."""
    if not target.exists():
        return
    if not target.is_dir():
        raise ValueError(f"`folder` is {shown(os.fspath(target))}, which is a file.")
    known = (read_json(target, ONNX_RECORD) or {}).get("files", [])
    others = sorted(_files(target) - {ONNX_RECORD, *known})
    if others:
        raise ValueError(
            f"`folder` is {shown(os.fspath(target))}, which contains files that are "
            f"not those of an export, such as {shown(others[0])}. Pass a new folder."
        )


def _replace(target: Path, draft: Path) -> None:
    """Put the new folder in the place of an empty or former one."""
    if target.exists():
        shutil.rmtree(target)
    os.replace(draft, target)


def _copy_description(source: Path, draft: Path) -> None:
    """Copy the configuration, the tokenizer and the description of the pooling."""
    for name in set(model_files(source)) - set(weight_files(source)):
        path = draft / name
        path.parent.mkdir(exist_ok=True)
        shutil.copyfile(source / name, path)
    subfolder = transformer_folder(source)
    if not (draft / subfolder / "tokenizer.json").exists():
        tokenizer = load_tokenizer(source, subfolder)
        tokenizer.save(os.fspath(draft / subfolder / "tokenizer.json"))
    described = "config_sentence_transformers.json"
    settings = read_json(draft, described) or {}
    if needs_prompt(source) and not settings.get("prompts"):
        # The name of the folder, by which a missing prompt is noticed, may change.
        _write_json(draft / described, settings | {"prompts": _E5_PROMPTS})


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _write_record(source: Path, draft: Path, precision: str) -> None:
    """Describe the export, for estimators that were fitted with the original."""
    record = {
        "source_fingerprint": fingerprint(source),
        "precision": precision,
        "files": sorted(_files(draft)),
    }
    _write_json(draft / ONNX_RECORD, record)


def _write_network(source: Path, draft: Path, precision: str) -> None:
    """Export the network, and compare its outputs with those of the original."""
    subfolder = transformer_folder(source)
    config = read_config(source / subfolder)
    check_architecture(source / subfolder, config)
    network = load_text_network(source, subfolder)
    path = draft / ONNX_WEIGHTS
    path.parent.mkdir()
    n_bytes = sum(tensor.nbytes for tensor in network.state_dict().values())
    with tempfile.TemporaryDirectory(prefix="amzest-onnx-", dir=draft) as temporary:
        exported = path if precision == "float32" else Path(temporary, "model.onnx")
        try:
            with _quiet():
                _export(network, exported, divide=n_bytes > _MAX_BYTES)
                if precision == "int8":
                    _quantize(exported, path, divide=n_bytes > 4 * _MAX_BYTES)
        except Exception as error:
            raise ValueError(
                f"{source}: the network ({config.get('model_type')}) cannot be "
                f"exported to ONNX ({shown(str(error), 300)})."
            ) from error
    width = n_features(source / subfolder, config)
    similarity = _similarity(network, draft, width)
    if not similarity >= _MIN_SIMILARITY[precision]:
        raise ValueError(
            f"{source}: the exported network computes other vectors than the original "
            f"(their cosine similarity is {similarity:.4f}). Pass precision='float32', "
            "or use the original."
        )


def _export(network: Any, path: Path, *, divide: bool) -> None:
    """Write the network with any number of texts and tokens as its input."""
    import onnx
    import torch

    ids = torch.arange(6).reshape(2, 3)
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
    sizes = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    names = ("input_ids", "attention_mask")
    torch.onnx.export(
        _hidden_states(network),
        (ids, mask),
        os.fspath(path),
        dynamo=True,  # the other exporter writes wrong networks for transformers >= 5
        input_names=list(names),
        output_names=[HIDDEN_STATES[0]],
        dynamic_shapes=(sizes, sizes),
        external_data=divide,
        verbose=False,
    )
    graph = onnx.load(path, load_external_data=False)
    for node in graph.graph.node:  # stack traces, with the paths of this machine
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    # Otherwise the quantization recommends, as a warning, what the export has done.
    prepared = {"onnx.quant.pre_process": "onnxruntime.quant"}
    onnx.helper.set_model_props(graph, prepared)
    onnx.save(graph, path)


def _hidden_states(network: Any) -> Any:
    """Return a network with the vectors of the tokens as its only output."""
    import torch

    class HiddenStates(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.network(
                input_ids=input_ids, attention_mask=attention_mask
            ).last_hidden_state  # (n_texts, n_tokens, n_features)

    return HiddenStates().eval()


def _quantize(exported: Path, path: Path, *, divide: bool) -> None:
    """Write the network with weights of int8."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        exported,
        path,
        per_channel=True,
        # Sums of two products of 8 bits overflow the 16 bits of AVX2 and AVX-512
        # without VNNI (https://github.com/microsoft/onnxruntime/issues/6004).
        reduce_range=True,
        weight_type=QuantType.QInt8,
        use_external_data_format=divide,
    )


def _similarity(network: Any, draft: Path, width: int) -> float:
    """Return the mean cosine similarity of the vectors of tokens of both networks."""
    import torch

    exported = load_onnx_network(draft, width)
    rng = np.random.default_rng(0)
    similarities = []
    for n_texts, n_tokens in ((1, 1), (1, 9), (3, 16)):  # not those of the export
        n_known = network.get_input_embeddings().num_embeddings
        ids = rng.integers(n_known, size=(n_texts, n_tokens))
        mask = np.ones_like(ids)
        mask[-1, n_tokens // 2 + 1 :] = 0
        with torch.inference_mode():
            inputs = torch.from_numpy(ids), torch.from_numpy(mask)
            expected = _hidden_states(network)(*inputs).numpy()[mask == 1]
        found = exported(ids, mask)[mask == 1]
        norms = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
        similarities += ((found * expected).sum(axis=1) / norms).tolist()
    return float(np.mean(similarities))


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the warnings and logs of the export, and restore logging."""
    import_torch("export_onnx")
    root, handler, disabled = logging.getLogger(), logging.NullHandler(), logging.root
    level = disabled.manager.disable
    root.addHandler(handler)  # without one, `logging.warning` would install another
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
        root.removeHandler(handler)
