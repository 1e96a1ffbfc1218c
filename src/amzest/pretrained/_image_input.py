"""What the encoder and the classifier of images share: the model and its input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Literal

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from amzest.image._cells import image_cells
from amzest.neural import estimator_dataclass
from amzest.pretrained._embedding_cache import open_cache
from amzest.pretrained._image_model import (
    image_namespace,
    known_width,
    live_model,
)
from amzest.pretrained._image_reading import ImageColumn, ImageReading
from amzest.pretrained._image_settings import ImageModelSettings, resolve_settings
from amzest.pretrained._image_source import (
    ImageSource,
    Kind,
    find_source,
    pack_source,
    packed_source,
)
from amzest.pretrained._text_model import resolve_precision
from amzest.utils import (
    MissingSamplesMixin,
    check_installed,
    file_states,
    shown,
)


@estimator_dataclass
class PretrainedImageInput:
    """Read images, and encode them with a pretrained network.

    Parameters
    ----------
    model : str, path or torch.nn.Module
        The pretrained network: a folder in the layout of transformers (config.json,
        model.safetensors, preprocessor_config.json) or the name of one in the local
        cache of the Hugging Face Hub; an ONNX file; a file of weights of a Keras
        application; or a torch module of your own, which is copied and not changed.
        Nothing is downloaded.

    pooling : {"auto", "pooler", "cls", "mean"}
        How the outputs of a network become one vector: the output of its pooling layer,
        the class token, or the mean of all patches. "auto" is the first of these for
        which the network has trained weights. The output of a convolutional layer is
        always averaged over all positions.

    layer : str or None
        Name of the submodule (or of the output of an ONNX file) whose output is the
        vector; None for the output of the network itself.

    image_size : int or "auto"
        Height and width in pixels of the white square that images are scaled into,
        without changing their proportions or cropping them. "auto" is the size in
        preprocessor_config.json or in the `pretrained_cfg` of a module of timm;
        otherwise it must be given.

    mean : float, sequence of 3 floats or "auto"
        Pixels from 0 to 255 become ``(pixel * rescale_factor - mean) / std``, for each
        of red, green and blue. "auto" is the value in preprocessor_config.json or in
        the `pretrained_cfg` of a module of timm; otherwise it must be given.

    std : float, sequence of 3 floats or "auto"
        Divisor of the pixels, see `mean`.

    rescale_factor : float or "auto"
        Factor of the pixels, see `mean`. "auto" is the value that comes with the
        network, or 1 / 255. Pass 1 if `mean` and `std` are those of pixels from 0 to
        255.

    keras_application : str or None
        Name of the network in ``keras.applications`` whose weights `model` are, such as
        "EfficientNetB0". Its own ``preprocess_input`` normalises the pixels.

    image_root : str, path or None
        Folder that relative paths are resolved against; None for the working directory.

    on_error : {"raise", "missing"}
        How to handle an image that exists but cannot be decoded, or a cell that is not
        an image: raise an error that names row and file, or treat it as missing and
        warn once with the number of such images.

    max_pixels : int
        Largest number of pixels (width times height) of an image. Larger images are
        handled as `on_error` says.

    precision : {"auto", "float32", "bfloat16"}
        Floating-point precision of the network. "auto" is bfloat16 if the hardware
        supports it. ONNX files and Keras applications have a precision of their own.

    cache : bool, str or path
        Where vectors of images are kept, by the content of the image and the weights of
        the network, so that folds and candidates of a search encode each image once:
        True for the memory of the process (see :func:`amzest.set_cache_limit`), a
        folder for a file in it of at most 4 GiB, False for nowhere. The processes of
        `n_jobs` share a folder, but not their memory: with True, each of them encodes
        the images. The least recently used vectors are removed first.

    embed_weights : bool
        Whether the fitted estimator holds the files of the network, so that it predicts
        where they do not exist. Otherwise it holds a reference to them and the hash of
        their contents, which have to be the same when it predicts.

    device : str
        Device to compute on: "auto" (a GPU if available), "cpu", "cuda" or "cuda:1".

    Attributes
    ----------
    model_ : str
        Path or name of the network; the class of a torch module. If a folder or file
        was moved, assign the new path.

    fingerprint_ : str
        SHA-256 hash of the network: of all its files, or of the architecture and the
        weights of a torch module.

    files_ : dict of str to bytes or None
        Files of the network, with `embed_weights`.

    kind_ : {"transformers", "onnx", "keras", "module"}
        What `model` is.

    settings_ : ImageModelSettings
        What the features depend on beside the weights: pooling, layer, image size and
        normalisation.

    n_features_in_ : int
        Number of columns seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen during `fit`. Defined only when all names are strings.
    """

    model: Any = field(kw_only=False)
    pooling: Literal["auto", "pooler", "cls", "mean"] = "auto"
    layer: str | None = None
    image_size: int | str = "auto"
    mean: float | Sequence[float] | str = "auto"
    std: float | Sequence[float] | str = "auto"
    rescale_factor: float | str = "auto"
    keras_application: str | None = None
    image_root: str | PathLike[str] | None = None
    on_error: Literal["raise", "missing"] = "raise"
    max_pixels: int = 50_000_000
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    cache: bool | str | PathLike[str] = True
    embed_weights: bool = False
    device: str = "auto"

    _parameter_topics: ClassVar[dict[str, str]] = {
        "model": "Network",
        "image_size": "Images",
        "precision": "Computation and storage",
    }

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "model": [str, PathLike, HasMethods(["forward", "state_dict"])],
        "pooling": [StrOptions({"auto", "pooler", "cls", "mean"})],
        "layer": [str, None],
        "image_size": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "mean": [StrOptions({"auto"}), Real, "array-like"],
        "std": [StrOptions({"auto"}), Real, "array-like"],
        "rescale_factor": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="neither"),
        ],
        "keras_application": [str, None],
        "image_root": [str, PathLike, None],
        "on_error": [StrOptions({"raise", "missing"})],
        "max_pixels": [Interval(Integral, 1, None, closed="left")],
        "precision": [StrOptions({"auto", "float32", "bfloat16"})],
        "cache": ["boolean", str, PathLike],
        "embed_weights": ["boolean"],
        "device": [str],
    }

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "fingerprint_",
        "model_",
        "settings_",
        "n_features_in_",
    )

    #: Attributes that `_learn_model` sets.
    _learnt_attributes: ClassVar[tuple[str, ...]] = (
        "kind_",
        "model_",
        "fingerprint_",
        "settings_",
        "files_",
    )

    _check_columns: ClassVar[Any] = MissingSamplesMixin._check_columns

    def _read(self, X: Any, *, reset: bool) -> NDArray[np.object_]:
        cells, name = image_cells(X)
        self._check_columns(1, None if name is None else [name], reset=reset)
        return cells

    def _learn_model(self) -> None:
        """Find the network, and set what identifies it."""
        check_installed("PIL", extra="image", purpose=type(self).__name__)
        source = find_source(
            self.model,
            keras_application=self.keras_application,
            purpose=type(self).__name__,
        )
        self.kind_: Kind = source.kind
        self.model_, self.fingerprint_ = source.reference, source.fingerprint
        self.settings_ = resolve_settings(
            source,
            pooling=self.pooling,
            layer=self.layer,
            keras_application=self.keras_application,
            precision=self.precision,
            image_size=self.image_size,
            mean=self.mean,
            std=self.std,
            rescale_factor=self.rescale_factor,
        )
        self.files_ = pack_source(source) if self.embed_weights else None

    def _source(self) -> ImageSource:
        """Return the network of the fit; raise if it is not there or has changed."""
        if self.files_ is not None:
            return packed_source(
                self.files_, self.kind_, self.fingerprint_, self.model_
            )
        name = type(self).__name__
        try:
            source = find_source(
                self.model if self.kind_ == "module" else self.model_,
                keras_application=self.settings_.keras_application,
                purpose=name,
            )
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{error} If the network of the fitted {name} is elsewhere on this "
                "machine, assign its path to the attribute `model_`."
            ) from None
        if source.fingerprint != self.fingerprint_:
            raise ValueError(
                f"`model_` is {shown(self.model_)}, but the network is not the one "
                f"that {name} was fitted with: its hash is "
                f"{source.fingerprint[:12]}, not {self.fingerprint_[:12]}. Restore it, "
                "assign the path where it is to the attribute `model_`, or refit."
            )
        return source

    def _model_settings(self) -> ImageModelSettings:
        """Return the settings of the fit, with the precision of this machine."""
        if self.kind_ in ("onnx", "keras"):  # without torch, in their own precision
            return replace(self.settings_, precision="float32")
        precision, _ = resolve_precision(self.settings_.precision, self.device)
        return replace(self.settings_, precision=precision)

    def _column(self, cells: NDArray[np.object_]) -> ImageColumn:
        reading = ImageReading(
            str(getattr(self, "feature_names_in_", ["image"])[0]),
            None if self.image_root is None else Path(self.image_root),
            self.on_error,
            int(self.max_pixels),
            type(self).__name__,
        )
        return ImageColumn(cells, reading)

    def _embed(
        self, cells: NDArray[np.object_], width: int | None = None
    ) -> tuple[NDArray[np.float32], ImageColumn]:
        """Return features, (n_samples, n_features), and the column; zeros if missing.

        With a known `width`, the network is loaded only if the cache lacks an image.
        """
        source, settings = self._source(), self._model_settings()
        column = self._column(cells)
        if width is None:
            width = known_width(source, settings, self.device)
        vectors = column.vectors(
            lambda pixels: live_model(source, settings, self.device).encode(pixels),
            settings.preprocessing.image_size,
            width,
            image_namespace(source, settings),
            open_cache(self.cache),
        )
        column.warn()
        vectors[~column.present] = 0
        return vectors, column

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
            names no file.
        """
        states = file_states(X, self.image_root)
        return str(joblib.hash(states)) if states else None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags
