"""The base class of image classifiers."""

from __future__ import annotations

from collections.abc import Sized
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from amzest.image._cells import image_cells
from amzest.neural import (
    BaseNeuralClassifier,
    Calibration,
    Engine,
    TrainingSettings,
    estimator_dataclass,
)
from amzest.utils import (
    check_installed,
    check_tensorflow_fork,
    file_states,
    import_keras,
)

if TYPE_CHECKING:
    from amzest.image._decoded_images import DecodedImages


@estimator_dataclass
class BaseImageClassifier(BaseNeuralClassifier):
    """Base class of neural networks that classify images.

    Subclass it to add a network of your own: declare the parameters of the network as
    annotated class attributes, describe the network in `_architecture` and build it in
    `_build_network`. :doc:`/user_guide/add_a_network` describes both. These hooks, the
    parameters and the fitted attributes are stable.

    Parameters
    ----------
    image_size : int
        Height and width in pixels of the white square that images are scaled into,
        without changing their proportions; at least 32.

    image_root : str, path or None
        Folder that relative paths are resolved against; None for the working directory.

    on_error : {"raise", "missing"}
        How to handle an image that exists but cannot be decoded, or a cell that is not
        an image: raise an error that names row and file, or treat it as missing and
        warn once with the number of such images.

    max_pixels : int
        Largest number of pixels (width times height) of an image. Larger images are
        handled as `on_error` says; of encoded images only the header is read.
        Pillow's own limit, twice ``PIL.Image.MAX_IMAGE_PIXELS``, applies as well.

    augmentation : bool
        Whether to flip, zoom, shift and brighten training images at random, and to
        average predictions over an image and its mirror image.

    max_memory : int
        Decoded images of one fit or prediction up to this many MiB are kept in memory;
        more are written to temporary files. Later fits and predictions of the process
        find those of files and bytes in its cache, see :func:`amzest.set_cache_limit`.

    cache : bool, str or path
        Where decoded images are kept for later fits and predictions. True: in the cache
        of this process. A folder: in files that the processes of a machine share and
        later ones find, so that all workers together decode each image once, whatever
        `max_memory` is. False: nowhere. See :doc:`/user_guide/large_images`.

    weight_decay : float
        Decoupled weight decay of weight matrices. Biases and normalisation parameters
        are not decayed.

    batch_size : int or "auto"
        Number of samples per training step. With "auto" it grows with the training
        set, up to 64.

    calibrate : bool
        Whether to fit twice, which takes twice as long: first without some samples, on
        which the calibration of the probabilities is learnt, then on all samples.
        Without it, with `early_stopping` and with fewer than 1,000 images, for which no
        gain was measured, there is one fit.

    validation_fraction : float
        Fraction of the images held out by `calibrate` or `early_stopping`, stratified
        by class. `calibrate` holds out up to a fifth of fewer than 6,000 images. Images
        of equal pixels are held out together.

    precision : {"auto", "float32", "bfloat16"}
        Floating-point precision of convolutions in training. Weights and predictions
        are always float32. "auto" is float32: for images of this size bfloat16 is
        hardly faster.

    Attributes
    ----------
    net_ : scikeras.wrappers.KerasClassifier
        The network as a scikeras object, rebuilt on demand; ``net_.model_`` is the
        Keras model.

    image_size_ : int
        Height and width of images inside the network, in pixels.

    See Also
    --------
    amzest.ImageCNNClassifier : A convolutional network.

    Notes
    -----
    `X` is one column of images: paths, bytes, dicts of `bytes` and `path`, PIL images
    or arrays of shape (height, width) or (height, width, 1 | 3 | 4), in a list, array,
    Series or table of one column; or one array of shape (n, height, width, channels).
    :ref:`image-inputs` describes formats and pixel ranges. Samples without an image
    (None, NaN, blank, a path to no file, Amazon's ``no-img``) are ignored in training
    and get the class frequencies as predicted probabilities. The networks run on Keras
    through scikeras.

    Examples
    --------
    >>> from amzest.image import BaseImageClassifier, ImageCNNClassifier
    >>> issubclass(ImageCNNClassifier, BaseImageClassifier)
    True
    """

    image_size: int = 64
    image_root: str | PathLike[str] | None = None
    on_error: Literal["raise", "missing"] = "raise"
    max_pixels: int = 50_000_000
    augmentation: bool = True
    max_memory: int = 1024
    cache: bool | str | PathLike[str] = True
    weight_decay: float = 0.02
    dropout: float = 0.3
    max_epochs: int = 16

    _parameter_topics: ClassVar[dict[str, str]] = {
        **BaseNeuralClassifier._parameter_topics,
        "image_size": "Images",
    }

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        *BaseNeuralClassifier._needed_attributes,
        "image_size_",
    )

    _smallest_auto_batch: ClassVar[int] = 16  # batch normalisation measures it
    _n_auto_steps: ClassVar[int] = 200

    _min_calibration_samples: ClassVar[int] = 1000  # no gain was measured for fewer
    _max_first_fits: ClassVar[int] = 1  # they take most of the time
    _choose_epochs: ClassVar[bool] = False  # the last ones, of low rates, are the best

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseNeuralClassifier._parameter_constraints,
        "image_size": [Interval(Integral, 32, None, closed="left")],
        "image_root": [str, PathLike, None],
        "on_error": [StrOptions({"raise", "missing"})],
        "max_pixels": [Interval(Integral, 1, None, closed="left")],
        "augmentation": ["boolean"],
        "max_memory": [Interval(Integral, 0, None, closed="left")],
        "cache": ["boolean", str, PathLike],
    }

    def _import_framework(self) -> None:
        import_keras(type(self).__name__)
        for name in ("scikeras", "PIL"):
            check_installed(name, extra="image", purpose=type(self).__name__)

    def _engine(self) -> Engine:
        check_tensorflow_fork()  # the cache may be that of the parent process
        return super()._engine()

    def _read(self, X: Any, *, reset: bool) -> Sized:
        cells, name = image_cells(X)
        self._check_columns(1, None if name is None else [name], reset=reset)
        if reset:
            self.image_size_ = int(self.image_size)
        return cells

    def _prepare(self, read: Any) -> tuple[DecodedImages, NDArray[np.bool_]]:
        images = self._decode(read)  # once for all fits
        return images, images.present

    def _learn_encoding(
        self, read: Any, rows: NDArray[np.intp], weights: NDArray[np.float64]
    ) -> None:
        """Learn nothing: images are only scaled."""

    def _encode(self, read: NDArray[np.object_] | DecodedImages) -> DecodedImages:
        return self._decode(read) if isinstance(read, np.ndarray) else read

    def _decode(self, cells: NDArray[np.object_]) -> DecodedImages:
        from amzest.image._decoded_images import decode_column

        return decode_column(
            cells,
            name=str(getattr(self, "feature_names_in_", ["image"])[0]),
            size=self.image_size_,
            root=None if self.image_root is None else Path(self.image_root),
            on_error=self.on_error,
            max_pixels=int(self.max_pixels),
            max_memory=self.max_memory * 2**20,
            cache=self.cache,
            augmentation=self.augmentation,
            reader=type(self).__name__,
        )

    def _default_calibration(self) -> Calibration:
        return Calibration((1.0,), -40.0)  # softmax, then temperature scaling

    def _groups(self, read: DecodedImages) -> NDArray[np.integer[Any]]:
        return read.group_copies()

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

    def _describe_missing(self, prepared: Any) -> str:
        return str(prepared.absence)

    @staticmethod
    def _build_network(*_: Any, **architecture: Any) -> Any:
        """Build the untrained Keras model from the values of `_architecture`.

        Subclasses name the values; `*_` tells type checkers that they may.
        """
        from amzest.image._networks import NETWORKS

        return NETWORKS[architecture.pop("network")](**architecture)

    def _build_engine(
        self, architecture: dict[str, Any], settings: TrainingSettings
    ) -> Engine:
        from amzest.neural._scikeras_engine import ScikerasEngine

        return ScikerasEngine(type(self)._build_network, architecture, settings)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        return tags
