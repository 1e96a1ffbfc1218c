"""The encoder of a zero-shot classifier: of texts, or of images and texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from numbers import Integral
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from amzest.neural import estimator_dataclass
from amzest.pretrained._category_texts import Texts
from amzest.pretrained._head_parts import unit
from amzest.pretrained._image_text_model import (
    check_image_text_model,
    encode_category_texts,
    encodes_images_and_texts,
    read_projection,
)
from amzest.pretrained._model_folder import find_model_folder
from amzest.pretrained._pretrained_image_encoder import PretrainedImageEncoder
from amzest.pretrained._pretrained_text_encoder import PretrainedTextEncoder
from amzest.pretrained._text_description import POOLINGS
from amzest.utils import copy_feature_attributes, file_states, object_array, shown

Vectors = NDArray[np.float32]

#: Parameters of both encoders, and of one.
_SHARED = ("model", "precision", "cache", "embed_weights", "device")
_OF_TEXTS = ("max_length", "pooling", "prompt")
_OF_IMAGES = ("image_root", "on_error", "max_pixels")


@dataclass(frozen=True)
class EncodedSamples:
    """The vectors of samples, (n_samples, n_columns * n_features)."""

    vectors: Vectors
    present: NDArray[np.bool_]
    absence: str  # why samples are missing, for messages


@estimator_dataclass
class ZeroShotInput:
    """Read texts or images, and encode them and names of categories.

    Parameters
    ----------
    max_length : int or "auto"
        Number of tokens kept of each text in each column. "auto" is the length in the
        files of the model. For encoders of texts only.
    pooling : {"auto", "mean", "cls", "max", "mean_sqrt_len", "last"}
        How the vectors of the tokens become the vector of the text. "auto" reads it
        from the files of the model. For encoders of texts only.
    prompt : str
        Text that is put before each text, or the name of a prompt of the model. "auto"
        is the model's default prompt. For encoders of texts only.
    image_root : str, path or None
        Folder that relative paths are resolved against; None for the working directory.
        For encoders of images only.
    on_error : {"raise", "missing"}
        How to handle an image that exists but cannot be decoded: raise an error, or
        treat it as missing and warn. For encoders of images only.
    max_pixels : int
        Largest number of pixels (width times height) of an image. Larger images are
        handled as `on_error` says. For encoders of images only.
    precision : {"auto", "float32", "bfloat16"}
        Floating-point precision of the encoder. "auto" is bfloat16 if the hardware
        supports it.
    cache : bool, str or path
        Where the vectors of texts and images are kept: True for the memory of the
        process, a folder for a file in it that processes share, False for nowhere.
    embed_weights : bool
        Whether the fitted estimator contains the files of the model, so that it
        predicts where they do not exist.
    device : str
        Device to compute on: "auto" (a GPU if available), "cpu", "cuda" or "cuda:1".

    Attributes
    ----------
    encoder_ : PretrainedTextEncoder or PretrainedImageEncoder
        The fitted encoder. If its folder was moved, assign the new one to
        ``encoder_.model_``.
    projection_ : ndarray of shape (n_image_features, n_features) or None
        Matrix from the vectors of images to those of texts, if the model has one.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen during `fit`. Defined only when all names are
        strings.
    """

    if TYPE_CHECKING:  # a parameter of the classifier, which comes first
        model: str | PathLike[str]

    max_length: int | str = "auto"
    pooling: Literal["auto", "mean", "cls", "max", "mean_sqrt_len", "last"] = "auto"
    prompt: str = "auto"
    image_root: str | PathLike[str] | None = None
    on_error: Literal["raise", "missing"] = "raise"
    max_pixels: int = 50_000_000
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    cache: bool | str | PathLike[str] = True
    embed_weights: bool = False
    device: str = "auto"

    _parameter_topics: ClassVar[dict[str, str]] = {
        "max_length": "Texts",
        "image_root": "Images",
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
        "image_root": [str, PathLike, None],
        "on_error": [StrOptions({"raise", "missing"})],
        "max_pixels": [Interval(Integral, 1, None, closed="left")],
        "precision": [StrOptions({"auto", "float32", "bfloat16"})],
        "cache": ["boolean", str, PathLike],
        "embed_weights": ["boolean"],
        "device": [str],
    }

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "encoder_",
        "projection_",
        "n_features_in_",
    )

    def _classifies_images(self) -> bool:
        """Return whether the model has an encoder of images."""
        folder = find_model_folder(self.model, purpose=type(self).__name__)
        return encodes_images_and_texts(folder)

    def _learn_encoder(self, X: Any) -> None:
        """Set the encoder for the model, fitted on the columns of `X`."""
        params = {name: getattr(self, name) for name in _SHARED}
        if self._classifies_images():
            self._check_unused(_OF_TEXTS, "images")
            params |= {name: getattr(self, name) for name in _OF_IMAGES}
            folder = find_model_folder(self.model, purpose=type(self).__name__)
            check_image_text_model(folder)
            encoder: Any = PretrainedImageEncoder(**params, pooling="pooler").fit(X)
            self.projection_: Vectors | None = read_projection(
                encoder._source().files, "visual_projection"
            )
        else:
            self._check_unused(_OF_IMAGES, "texts")
            params |= {name: getattr(self, name) for name in _OF_TEXTS}
            encoder = PretrainedTextEncoder(**params).fit(X)
            self.projection_ = None
        self.encoder_: Any = encoder
        copy_feature_attributes(self, encoder)

    def _check_unused(self, names: tuple[str, ...], kind: str) -> None:
        """Raise if a parameter is set that has no effect on a model."""
        defaults: Any = {field.name: field.default for field in fields(self)}
        for name in names:
            value = getattr(self, name)
            if value != defaults[name]:
                raise ValueError(
                    f"`{name}` is {shown(value)}, but the model "
                    f"{shown(str(self.model))} classifies {kind}, on which it has no "
                    f"effect. Leave it at {defaults[name]!r}."
                )

    def _encode_names(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of texts, of norm 1, (n_texts, n_features)."""
        encoder = self.encoder_
        if isinstance(encoder, PretrainedTextEncoder):
            return unit(encoder._embed(object_array(texts)[:, None]))
        return unit(encode_category_texts(encoder._source().files, texts))

    def _encode_categories(self, texts: Sequence[Texts]) -> Vectors:
        """Return the mean vector of the texts of each category."""
        distinct = list(
            dict.fromkeys(text for of_one in texts for part in of_one for text in part)
        )
        vector = dict(zip(distinct, self._encode_names(distinct), strict=True))
        means = [
            np.mean(
                [np.mean([vector[text] for text in part], axis=0) for part in of_one],
                axis=0,
            )
            for of_one in texts
        ]
        return np.stack(means).astype(np.float32)

    def _encode_samples(self, X: Any) -> EncodedSamples:
        """Return the vectors of samples, in the space of the names."""
        encoder = self.encoder_
        cells = encoder._read(X, reset=False)
        if isinstance(encoder, PretrainedTextEncoder):
            present = (cells != "").any(axis=1)
            return EncodedSamples(
                encoder._embed(cells), present, "every cell is missing or blank."
            )
        vectors, column = encoder._embed(cells)
        if self.projection_ is not None:
            vectors = vectors @ self.projection_
        return EncodedSamples(vectors, column.present, column.absence)

    def input_fingerprint(self, X: Any) -> str | None:
        """Return a hash of the state of the image files that `X` names.

        Cached fits of an ensemble are reused only while it stays the same.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Images, or a table with a column of them.

        Returns
        -------
        str or None
            Hash of the path, size and time of last change of each file; None if `X`
            names no file or the model encodes texts.
        """
        if not self._classifies_images():
            return None
        states = file_states(X, self.image_root)
        return str(joblib.hash(states)) if states else None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.target_tags.required = False
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags
