"""What the encoder and the classifier of texts share: the model and its input."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import field
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from amzest.neural import estimator_dataclass
from amzest.pretrained._embedding_cache import embed_cells, open_cache, text_digest
from amzest.pretrained._loading import check_weights
from amzest.pretrained._model_folder import (
    Source,
    exported_from,
    find_model_folder,
    fingerprint,
    has_onnx_weights,
    pack_files,
)
from amzest.pretrained._onnx_text_model import (
    OnnxTextModel,
    check_onnx_settings,
    live_onnx_text_model,
)
from amzest.pretrained._text_description import (
    POOLINGS,
    TextModelDescription,
    read_text_description,
)
from amzest.pretrained._text_model import (
    TextModel,
    check_tokenizer,
    live_text_model,
    resolve_precision,
)
from amzest.text._columns import text_columns
from amzest.utils import MissingSamplesMixin, check_installed, shown

_PACKAGES = ("torch", "transformers", "tokenizers", "safetensors")
_ONNX_PACKAGES = ("onnxruntime", "tokenizers")


@estimator_dataclass
class PretrainedTextInput:
    """Read columns of texts, and encode them with a pretrained network.

    Parameters
    ----------
    model : str or path
        Folder of the encoder (config.json, model.safetensors and its tokenizer), or the
        name of one in the local cache of the Hugging Face Hub, such as
        "sentence-transformers/all-MiniLM-L6-v2". Nothing is downloaded. A folder that
        has an ONNX network instead of safetensors (onnx/model.onnx, see
        :func:`~amzest.pretrained.export_onnx`) is used without torch and transformers.
    max_length : int or "auto"
        Number of tokens kept of each text in each column. Longer texts are truncated.
        "auto" is the length in the files of the model.
    pooling : {"auto", "mean", "cls", "max", "mean_sqrt_len", "last"}
        How the vectors of the tokens become the vector of the text. "auto" reads it
        from the files of sentence-transformers in the folder; it must be given if there
        are none.
    prompt : str
        Text that is put before each text, or the name of a prompt in the files of the
        model. "auto" is the model's default prompt, or none if it has no prompts; if it
        has several without a default, one must be given. "" means none.
    precision : {"auto", "float32", "bfloat16"}
        Floating-point precision of the encoder. "auto" is bfloat16 if the hardware
        supports it. An ONNX network has the precision of its file.
    cache : bool, str or path
        Where the vectors of texts are kept, by the text and the files of the model, so
        that folds and candidates of a search encode each text once: True for the memory
        of the process (see :func:`amzest.set_cache_limit`), a folder for a file in it
        of at most 4 GiB, False for nowhere. The processes of `n_jobs` share a folder,
        but not their memory: with True, each of them encodes the texts. The least
        recently used vectors are removed first.
    embed_weights : bool
        Whether the fitted estimator contains the files of the model, so that it
        predicts where they do not exist. Otherwise it contains a reference to them and
        a hash of their content, which must be the same when it predicts.
    device : str
        Device to compute on: "auto" (a GPU if available), "cpu", "cuda" or "cuda:1".

    Attributes
    ----------
    model_ : str
        Folder or name of the model. If the folder was moved, assign the new one; for
        faster predictions, assign the folder of an ONNX export of it.
    fingerprint_ : str
        SHA-256 hash of the names and contents of the model's files.
    description_ : TextModelDescription
        How texts are encoded: `pooling`, `prompt`, `max_length` and so on.
    files_ : dict of str to bytes or None
        The files of the model by name, with `embed_weights`.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen during `fit`. Defined only when all names are
        strings.
    """

    model: str | PathLike[str] = field(kw_only=False)
    max_length: int | str = "auto"
    pooling: Literal["auto", "mean", "cls", "max", "mean_sqrt_len", "last"] = "auto"
    prompt: str = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    cache: bool | str | PathLike[str] = True
    embed_weights: bool = False
    device: str = "auto"

    _parameter_topics: ClassVar[dict[str, str]] = {
        "model": "Model",
        "max_length": "Text",
        "precision": "Computation and storage",
    }

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "model": [str, PathLike],
        "max_length": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "pooling": [StrOptions({"auto", *POOLINGS})],
        "prompt": [str],
        "precision": [StrOptions({"auto", "float32", "bfloat16"})],
        "cache": ["boolean", str, PathLike],
        "embed_weights": ["boolean"],
        "device": [str],
    }

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "fingerprint_",
        "model_",
        "description_",
        "files_",
        "n_features_in_",
        "_n_features_out",
    )

    _check_columns: ClassVar[Any] = MissingSamplesMixin._check_columns

    def _read(self, X: Any, *, reset: bool) -> NDArray[np.object_]:
        """Return texts of shape (n_samples, n_columns), "" for missing cells."""
        cells, names = text_columns(X)
        self._check_columns(cells.shape[1], names, reset=reset)
        return cells

    def _learn_model(self, n_columns: int, *, pack: bool) -> None:
        """Find the model, and set what identifies it and how texts are encoded."""
        name = type(self).__name__
        folder = find_model_folder(self.model, purpose=name)
        self._check_backend(folder)
        self.description_: TextModelDescription = read_text_description(
            folder,
            pooling=self.pooling,
            prompt=self.prompt,
            max_length=self.max_length,
        )
        if not has_onnx_weights(folder):
            check_weights(folder / self.description_.subfolder)
        check_tokenizer(folder / self.description_.subfolder)
        self.fingerprint_ = fingerprint(folder)
        is_folder = Path(self.model).expanduser().is_dir()
        self.model_ = os.fspath(folder.absolute() if is_folder else self.model)
        self.files_ = pack_files(folder) if pack else None
        self._n_features_out = n_columns * self.description_.n_features

    def _check_backend(self, source: Source) -> None:
        """Raise if a package is missing, or a parameter is not one of ONNX models."""
        extra, packages = "pretrained", [*_PACKAGES]
        if has_onnx_weights(source):
            check_onnx_settings(source, self.precision, self.device)
            extra, packages = "onnx", [*_ONNX_PACKAGES]
        for package in packages:
            check_installed(package, extra=extra, purpose=type(self).__name__)

    def _source(self) -> Source:
        """Return the files of the model of the fit, or of an ONNX export of it.

        Raise if they have changed.
        """
        if self.files_ is not None:
            return self.files_
        name = type(self).__name__
        try:
            folder = find_model_folder(self.model_, purpose=name)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{error} If the model of the fitted {name} is elsewhere on this "
                "machine, assign its folder to the attribute `model_`."
            ) from None
        found = fingerprint(folder)
        if self.fingerprint_ not in (found, exported_from(folder)):
            raise ValueError(
                f"`model_` is {shown(self.model_)}, but its files are not those that "
                f"{name} was fitted with: their hash is {found[:12]}, not "
                f"{self.fingerprint_[:12]}. Restore the files, assign the folder that "
                "has them to the attribute `model_`, or refit."
            )
        return folder

    def _backend(self) -> tuple[str, Callable[[], TextModel | OnnxTextModel]]:
        """Return the key of the vectors in a cache, and what loads the encoder."""
        source, described = self._source(), self.description_
        self._check_backend(source)
        # The hash of an ONNX export is not that of the model of the fit.
        found = fingerprint(source) if isinstance(source, Path) else self.fingerprint_
        load: Callable[[], TextModel | OnnxTextModel]
        if has_onnx_weights(source):
            precision = "onnx"
            load = functools.partial(live_onnx_text_model, source, found, described)
        else:
            precision, _ = resolve_precision(self.precision, self.device)
            load = functools.partial(
                live_text_model,
                source,
                found,
                described,
                precision=precision,
                device=self.device,
            )
        return f"text:{found}:{described.key}:{precision}", load

    def _encoder(self) -> Callable[[NDArray[np.object_]], NDArray[np.float32]]:
        """Return the function that encodes cells, with one model for all calls.

        The vectors of all columns have shape (n_samples, n_columns * n_features).
        """
        namespace, load = self._backend()
        model = functools.cache(load)  # called only if a text is not in the cache
        width, cache = self.description_.n_features, open_cache(self.cache)

        def encode(cells: NDArray[np.object_]) -> NDArray[np.float32]:
            rows, columns = np.nonzero(cells != "")
            texts = cells[rows, columns].tolist()
            result = np.zeros((*cells.shape, width), dtype=np.float32)
            result[rows, columns] = embed_cells(
                texts,
                [text_digest(text) for text in texts],
                namespace,
                lambda texts: model().encode(texts),
                width,
                cache,
            )
            return result.reshape(len(cells), cells.shape[1] * width)

        return encode

    def _embed(self, cells: NDArray[np.object_]) -> NDArray[np.float32]:
        """Return the vectors of cells; zeros for missing ones."""
        return self._encoder()(cells)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags
