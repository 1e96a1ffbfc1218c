"""An Inception network for product images."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from os import PathLike
from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from amzest.image._base import BaseImageClassifier
from amzest.neural import estimator_dataclass
from amzest.utils import Counts, shown

#: Blocks of InceptionV3 after which layers can be fine-tuned.
_BLOCKS = {f"mixed{block}" for block in range(11)}


@estimator_dataclass
class ImageInceptionClassifier(BaseImageClassifier):
    """Classify products by image with an Inception network.

    Inception modules [1]_ apply convolutions of several sizes side by side.
    ``architecture="small"`` trains modules of its own from scratch at any size from 32
    pixels; ``architecture="inception_v3"`` is InceptionV3 [2]_ at 75 pixels or more,
    trained from scratch or from pretrained weights: first with its body frozen, then
    fine-tuned from a given block on.

    Parameters
    ----------
    architecture : {"small", "inception_v3"}
        Network architecture.

    stem_filters : sequence of int
        Number of filters of the convolutions before the first module, each of which
        halves the size ("small" only).

    filters : sequence of int
        Number of filters of the modules of each stage, multiples of 8 ("small" only).
        Each stage after the first works at half the size of the one before.

    modules_per_stage : sequence of int
        Number of modules in each stage, one for each of `filters` ("small" only).

    weights : "imagenet", path or None
        Initial weights of the body of "inception_v3": the published weights, which
        Keras downloads or finds in its cache; a ``.weights.h5`` file of
        ``keras.applications.InceptionV3(include_top=False)``; or None for random
        weights.

    frozen_epochs : int
        Number of epochs in which only the last layer is trained, with `weights`.

    fine_tune_from : str or None
        Block of "inception_v3", "mixed0" to "mixed10", after which the layers are
        fine-tuned when `frozen_epochs` are over; None keeps the whole body frozen.

    fine_tune_factor : float
        Factor applied to the learning rate in fine-tuning.

    See Also
    --------
    ImageCNNClassifier : A plain convolutional network, faster to train.

    References
    ----------
    .. [1] Szegedy et al. (2015), Going Deeper with Convolutions,
       https://arxiv.org/abs/1409.4842.
    .. [2] Szegedy et al. (2016), Rethinking the Inception Architecture for Computer
       Vision, https://arxiv.org/abs/1512.00567.

    Examples
    --------
    >>> import numpy as np
    >>> from amzest.image import ImageInceptionClassifier
    >>> dark, light = np.full((32, 32), 30), np.full((32, 32), 220)
    >>> X, y = [dark, light] * 8, ["dark", "light"] * 8
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

    architecture: Literal["small", "inception_v3"] = "small"
    stem_filters: Sequence[int] = (24, 32, 64)
    filters: Sequence[int] = (192, 320)
    modules_per_stage: Sequence[int] = (2, 1)
    weights: str | PathLike[str] | None = None
    frozen_epochs: int = 3
    fine_tune_from: str | None = "mixed7"
    fine_tune_factor: float = 0.1
    max_epochs: int = 20

    _smallest_auto_batch: ClassVar[int] = 8  # few images need more steps

    _test_params: ClassVar[dict[str, Any]] = {
        "stem_filters": (4,),
        "filters": (8,),
        "modules_per_stage": (1,),
    }

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseImageClassifier._parameter_constraints,
        "architecture": [StrOptions({"small", "inception_v3"})],
        "stem_filters": [Counts()],
        "filters": [Counts(multiple_of=8)],  # the branches have eighths of them
        "modules_per_stage": [Counts()],
        "weights": [str, PathLike, None],
        "frozen_epochs": [Interval(Integral, 0, None, closed="left")],
        "fine_tune_from": [StrOptions(_BLOCKS), None],
        "fine_tune_factor": [Interval(Real, 0, np.inf, closed="neither")],
    }

    def _architecture(self, n_classes: int) -> dict[str, Any]:
        common = {
            "n_classes": n_classes,
            "input_shape": (self.image_size_, self.image_size_, 3),
            "dropout": self.dropout,
        }
        if self.architecture == "inception_v3":
            if self.image_size_ < 75:
                raise ValueError(
                    f"`image_size` is {self.image_size_}, but "
                    'architecture="inception_v3" needs 75 pixels or more. Pass for '
                    "example image_size=96."
                )
            return {
                "network": "inception_v3",
                "n_features_out": 2048,
                "pretrained": self.weights is not None,
                **common,
            }
        if self.weights is not None:
            raise ValueError(
                f'`weights` is {shown(self.weights)}, but architecture="small" is '
                'trained from scratch. Pass architecture="inception_v3" or '
                "weights=None."
            )
        if len(self.modules_per_stage) != len(self.filters):
            raise ValueError(
                "`filters` and `modules_per_stage` must have one value per stage; got "
                f"{len(self.filters)} and {len(self.modules_per_stage)} values."
            )
        filters = [int(width) for width in self.filters]
        return {
            "network": "small_inception",
            "n_features_out": filters[-1],
            "stem_filters": [int(width) for width in self.stem_filters],
            "filters": filters,
            "modules_per_stage": [int(n) for n in self.modules_per_stage],
            **common,
        }

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
