"""An Inception network for product photos."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from os import PathLike
from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from amzest.image._base import BaseImageClassifier
from amzest.utils import (
    check_counts,
    shown,
)

#: Blocks of InceptionV3 that layers can be fine-tuned from.
_BLOCKS = tuple(f"mixed{block}" for block in range(11))


class ImageInceptionClassifier(BaseImageClassifier):
    """Sort products by photo with an Inception network.

    Modules look at a picture at several scales side by side. ``architecture="small"``
    trains modules of its own from scratch at any size from 32 pixels;
    ``architecture="inception_v3"`` is InceptionV3 at 75 pixels or more, from scratch or
    from given weights: first with its body frozen, then fine-tuned from a given block
    on. Trained by Keras through scikeras.

    `X` is one column of images: paths, bytes, dicts of `bytes` and `path`, PIL images
    or arrays of shape (height, width) or (height, width, 1 | 3 | 4), in a list, array,
    Series or frame of one column; or one array of shape (n, height, width, channels).
    Formats and the range of pixels are those of :ref:`image-inputs`. Rows without an
    image (None, NaN, blank, a path to no file, Amazon's ``no-img``) are left out of
    training and get the class frequencies.

    Parameters
    ----------
    architecture : {"small", "inception_v3"}, default="small"
        Which network.

    stem_filters : sequence of int, default=(24, 32, 64)
        Filters of the convolutions before the first module, each of which halves the
        size ("small" only).

    filters : sequence of int, default=(192, 320)
        Filters of the modules of each stage, multiples of 8 ("small" only). Each stage
        after the first works at half the size of the one before.

    modules_per_stage : sequence of int, default=(2, 1)
        Modules in each stage, one number for each of `filters` ("small" only).

    weights : "imagenet", path or None, default=None
        What the body of "inception_v3" starts from: the published weights, which Keras
        fetches or finds in its cache; a ``.weights.h5`` file of
        ``keras.applications.InceptionV3(include_top=False)``; or None for random ones.

    frozen_epochs : int, default=3
        Epochs in which only the last layer learns, when `weights` are given.

    fine_tune_from : str or None, default="mixed7"
        Block of "inception_v3" after which layers go on learning when `frozen_epochs`
        are over, "mixed0" to "mixed10"; None keeps the whole body frozen.

    fine_tune_factor : float, default=0.1
        The learning rate of fine-tuning, as a share of the schedule's.

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

    max_epochs : int, default=20
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
    ImageCNNClassifier : A plain convolutional network, quicker to train.

    References
    ----------
    Szegedy et al. (2015), Going Deeper with Convolutions.

    Szegedy et al. (2016), Rethinking the Inception Architecture for Computer Vision.

    Examples
    --------
    >>> import numpy as np
    >>> from amzest.image import ImageInceptionClassifier
    >>> dark, light = np.full((32, 32), 30), np.full((32, 32), 220)
    >>> X, y = [dark, light] * 8, ["night", "day"] * 8
    >>> classifier = ImageInceptionClassifier(
    ...     stem_filters=(4,),
    ...     filters=(8,),
    ...     modules_per_stage=(1,),
    ...     image_size=32,
    ...     max_epochs=2,
    ...     random_state=0,
    ... )
    >>> classifier.fit(X, y).predict_proba([light, None]).round(1)[1]
    array([0.5, 0.5])
    """

    _smallest_auto_batch: ClassVar[int] = 8  # few photos need the more steps

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseImageClassifier._parameter_constraints,
        "architecture": [StrOptions({"small", "inception_v3"})],
        "stem_filters": ["array-like"],
        "filters": ["array-like"],
        "modules_per_stage": ["array-like"],
        "weights": [str, PathLike, None],
        "frozen_epochs": [Interval(Integral, 0, None, closed="left")],
        "fine_tune_from": [str, None],
        "fine_tune_factor": [Interval(Real, 0, np.inf, closed="neither")],
    }

    def __init__(
        self,
        *,
        architecture: Literal["small", "inception_v3"] = "small",
        stem_filters: Sequence[int] = (24, 32, 64),
        filters: Sequence[int] = (192, 320),
        modules_per_stage: Sequence[int] = (2, 1),
        weights: str | PathLike[str] | None = None,
        frozen_epochs: int = 3,
        fine_tune_from: str | None = "mixed7",
        fine_tune_factor: float = 0.1,
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
        max_epochs: int = 20,
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
        self.architecture = architecture
        self.stem_filters = stem_filters
        self.filters = filters
        self.modules_per_stage = modules_per_stage
        self.weights = weights
        self.frozen_epochs = frozen_epochs
        self.fine_tune_from = fine_tune_from
        self.fine_tune_factor = fine_tune_factor
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
        common = {
            "n_classes": n_classes,
            "input_shape": (self.image_size_, self.image_size_, 3),
            "dropout": self.dropout,
        }
        if self.architecture == "inception_v3":
            self._check_inception_v3()
            return {
                "network": "inception_v3",
                "n_features_out": 2048,
                "pretrained": self.weights is not None,
                **common,
            }
        if self.weights is not None:
            raise ValueError(
                f'`weights` is {shown(self.weights)}, but architecture="small" is '
                "trained "
                'from scratch. Pass architecture="inception_v3" or weights=None.'
            )
        filters = check_counts("filters", self.filters, multiple_of=8)
        modules_per_stage = check_counts("modules_per_stage", self.modules_per_stage)
        if len(modules_per_stage) != len(filters):
            raise ValueError(
                f"`modules_per_stage` has {len(modules_per_stage)} numbers, but "
                f"`filters` has {len(filters)}; each stage needs both."
            )
        return {
            "network": "small_inception",
            "n_features_out": filters[-1],
            "stem_filters": check_counts("stem_filters", self.stem_filters),
            "filters": filters,
            "modules_per_stage": modules_per_stage,
            **common,
        }

    def _check_inception_v3(self) -> None:
        if self.image_size_ < 75:
            raise ValueError(
                f'`image_size` is {self.image_size_}, but architecture="inception_v3" '
                "needs 75 pixels or more. Pass for example image_size=96."
            )
        if self.fine_tune_from is not None and self.fine_tune_from not in _BLOCKS:
            raise ValueError(
                f"`fine_tune_from` is {shown(self.fine_tune_from)}, which is no block "
                "of "
                f"InceptionV3. Expected one of {', '.join(_BLOCKS)}, or None."
            )

    def _load_pretrained(self, engine: Any) -> None:
        if self.weights is None:
            return
        from amzest.image._pretrained import freeze_body, load_body, thaw_from
        from amzest.neural._scikeras_engine import Phase

        load_body(engine.net.model_, self.weights)
        engine.phases.append(Phase(0, freeze_body, 1.0))
        if self.fine_tune_from is not None:
            thaw = thaw_from(self.fine_tune_from)
            engine.phases.append(Phase(self.frozen_epochs, thaw, self.fine_tune_factor))
