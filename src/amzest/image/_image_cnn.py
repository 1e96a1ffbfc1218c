"""A convolutional network for product images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from amzest.image._base import BaseImageClassifier
from amzest.neural import estimator_dataclass
from amzest.utils import Counts


@estimator_dataclass
class ImageCNNClassifier(BaseImageClassifier):
    """Classify products by image with a convolutional network.

    Blocks of two 3x3 convolutions with batch normalisation and pooling, followed by
    global average pooling: the design of VGG [1]_ for images of the size of thumbnails.

    Parameters
    ----------
    filters : sequence of int
        Number of filters of each block. The first block works at half the size of the
        image, each of the others at half the size of the one before.

    See Also
    --------
    ImageInceptionClassifier : A network of modules with convolutions of several sizes.

    References
    ----------
    .. [1] Simonyan and Zisserman (2015), Very Deep Convolutional Networks for
       Large-Scale Image Recognition, https://arxiv.org/abs/1409.1556.

    Examples
    --------
    >>> import numpy as np
    >>> from amzest.image import ImageCNNClassifier
    >>> dark, light = np.full((32, 32), 30), np.full((32, 32), 220)
    >>> X, y = [dark, light] * 8, ["dark", "light"] * 8
    >>> classifier = ImageCNNClassifier(
    ...     filters=(4, 8), image_size=32, max_epochs=2, random_state=0
    ... )
    >>> classifier.fit(X, y).predict_proba([light, None]).round(1)[1]
    array([0.5, 0.5])
    """

    filters: Sequence[int] = (24, 48, 96, 192)

    _test_params: ClassVar[dict[str, Any]] = {"filters": (4, 8)}

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseImageClassifier._parameter_constraints,
        "filters": [Counts()],
    }

    def _architecture(self, n_classes: int) -> dict[str, Any]:
        filters = [int(width) for width in self.filters]
        return {
            "network": "image_cnn",
            "n_classes": n_classes,
            "n_features_out": filters[-1],
            "input_shape": (self.image_size_, self.image_size_, 3),
            "filters": filters,
            "dropout": self.dropout,
        }
