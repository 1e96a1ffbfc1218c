"""A convolutional network for product photos."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any, ClassVar, Literal

import numpy as np

from amzest.image._base import BaseImageClassifier
from amzest.utils import check_counts


class ImageCNNClassifier(BaseImageClassifier):
    """Sort products by photo with a convolutional network.

    Blocks of two 3x3 convolutions with batch normalisation and pooling, then the mean
    over the picture: the design of VGG at the size of a catalogue's thumbnails. Trained
    from scratch by Keras through scikeras.

    `X` is one column of images: paths, bytes, dicts of `bytes` and `path`, PIL images
    or arrays of shape (height, width) or (height, width, 1 | 3 | 4), in a list, array,
    Series or frame of one column; or one array of shape (n, height, width, channels).
    Formats and the range of pixels are those of :ref:`image-inputs`. Rows without an
    image (None, NaN, blank, a path to no file, Amazon's ``no-img``) are left out of
    training and get the class frequencies.

    Parameters
    ----------
    filters : sequence of int, default=(24, 48, 96, 192)
        Filters of each block. The first works at half the size of the photo, each other
        one at half the size of the one before.

    image_size : int, default=64
        Height and width in pixels of the white square that photos are scaled into,
        in their own proportions; at least 32.

    image_root : str or path, default=None
        Folder that relative paths start from; None for the working directory.

    on_error : {"raise", "missing"}, default="raise"
        What to do about an image that is there but cannot be decoded, for whatever
        reason, and about a cell that is none: raise an error that names row and file,
        or treat it as missing and warn once with the count.

    max_pixels : int, default=50000000
        Width times height of the largest image that is decoded; a larger one cannot be
        decoded in the sense of `on_error`. Of encoded images the header is read first.
        Pillow's own limit, twice ``PIL.Image.MAX_IMAGE_PIXELS``, holds as well.

    augmentation : bool, default=True
        Whether training photos are mirrored, zoomed, shifted and brightened at
        random, and predictions averaged over a photo and its mirror image.

    max_memory : int, default=1024
        Decoded photos up to this many MiB are kept in memory, where later fits and
        predictions of the same process find those that came from files or bytes. More
        are kept in nameless files in the system's folder for temporary files, gone at
        the latest when the process ends.

    learning_rate : float, default=0.003
        Peak learning rate of AdamW. It climbs for the first tenth of all steps, then
        falls to zero along a cosine.

    weight_decay : float, default=0.02
        Decoupled weight decay of matrices; biases and normalisation have none.

    label_smoothing : float, default=0.1
        Share of the target probability that is spread over all categories. More
        keeps the network from being too sure; probabilities become softer.

    dropout : float, default=0.3
        Share of the activations before the last layer that are dropped in training.

    batch_size : int or "auto", default="auto"
        Rows in a training step. "auto" takes up to 64, fewer for smaller tables.

    max_epochs : int, default=16
        Passes over the training rows, and the length of the learning-rate schedule.

    early_stopping : bool, default=False
        Whether to hold out validation rows, stop when their accuracy no longer
        improves and keep the best epoch. If False, all rows train for all epochs.

    validation_fraction : float, default=0.1
        Share of the rows held out by `early_stopping`, stratified by category.

    n_iter_no_change : int, default=5
        Epochs without improvement after which `early_stopping` stops.

    tol : float, default=0.0001
        Smallest improvement of accuracy (or of log-loss, at equal accuracy) that
        counts for `n_iter_no_change`.

    class_weight : dict, "balanced", default=None
        Weights of the categories in the loss: by label, or inverse to their
        frequency.

    device : str, default="auto"
        Where to compute: "auto" (a GPU where there is one), "cpu", "cuda", "cuda:1".

    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Arithmetic of convolutions in training; weights and predictions are float32 in
        any case. "auto" is float32: on photos of this size bfloat16 gains little.

    random_state : int, RandomState instance, default=None
        Seed of weights, order, dropout, augmentation and validation split. The same
        int gives the same bits on one machine; global generators are not used.

    verbose : int or bool, default=0
        If above 0, prints a line an epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Category labels, sorted.

    class_prior_ : ndarray of shape (n_classes,)
        Weighted frequency of each category in the training rows.

    n_iter_ : int
        Epochs that were run.

    loss_curve_ : list of float
        Mean training loss of each epoch.

    validation_scores_ : list of float or None
        Validation accuracy of each epoch; None without `early_stopping`.

    net_ : scikeras.wrappers.KerasClassifier
        The network in scikeras' form, rebuilt on demand; ``net_.model_`` is the Keras
        model.

    weights_ : dict of str to ndarray
        Parameters and buffers of the network by name.

    architecture_ : dict
        Plain values from which the network is rebuilt.

    image_size_ : int
        Height and width of photos inside the network, in pixels.

    n_features_in_ : int
        Number of columns seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names; exists when `X` has names that are strings.

    See Also
    --------
    ImageInceptionClassifier : Modules that look at several scales at once.

    References
    ----------
    Simonyan and Zisserman (2015), Very Deep Convolutional Networks for Large-Scale
    Image Recognition.

    Examples
    --------
    >>> import numpy as np
    >>> from amzest.image import ImageCNNClassifier
    >>> dark, light = np.full((32, 32), 30), np.full((32, 32), 220)
    >>> X, y = [dark, light] * 8, ["night", "day"] * 8
    >>> classifier = ImageCNNClassifier(
    ...     filters=(4, 8), image_size=32, max_epochs=2, random_state=0
    ... )
    >>> classifier.fit(X, y).predict_proba([light, None]).round(1)[1]
    array([0.5, 0.5])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseImageClassifier._parameter_constraints,
        "filters": ["array-like"],
    }

    def __init__(
        self,
        *,
        filters: Sequence[int] = (24, 48, 96, 192),
        image_size: int = 64,
        image_root: str | PathLike[str] | None = None,
        on_error: Literal["raise", "missing"] = "raise",
        max_pixels: int = 50_000_000,
        augmentation: bool = True,
        max_memory: int = 1024,
        learning_rate: float = 0.003,
        weight_decay: float = 0.02,
        label_smoothing: float = 0.1,
        dropout: float = 0.3,
        batch_size: int | str = "auto",
        max_epochs: int = 16,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        tol: float = 0.0001,
        class_weight: dict[Any, float] | str | None = None,
        device: str = "auto",
        precision: Literal["auto", "float32", "bfloat16"] = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: int | bool = 0,
    ) -> None:
        self.filters = filters
        self.image_size = image_size
        self.image_root = image_root
        self.on_error = on_error
        self.max_pixels = max_pixels
        self.augmentation = augmentation
        self.max_memory = max_memory
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.dropout = dropout
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.class_weight = class_weight
        self.device = device
        self.precision = precision
        self.random_state = random_state
        self.verbose = verbose

    def _architecture(self, n_classes: int) -> dict[str, Any]:
        filters = check_counts("filters", self.filters)
        return {
            "network": "image_cnn",
            "n_classes": n_classes,
            "n_features_out": filters[-1],
            "input_shape": (self.image_size_, self.image_size_, 3),
            "filters": filters,
            "dropout": self.dropout,
        }
