"""A classifier of images on top of a pretrained network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils.validation import check_is_fitted

from amzest.neural import estimator_dataclass
from amzest.pretrained._image_fine_tuning import ImageFineTuning
from amzest.pretrained._image_reading import ImageColumn
from amzest.pretrained._incremental_head import Embedded, IncrementalHeadMixin
from amzest.utils import (
    DocumentationLinkMixin,
    ParameterValidationMixin,
    reported_fit,
)

#: Number of samples that are classified at a time, to limit memory.
_ROWS_PER_PART = 4096


@estimator_dataclass
class PretrainedImageClassifier(
    ImageFineTuning,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    ClassifierMixin,
    TransformerMixin,
    IncrementalHeadMixin,
    DocumentationLinkMixin,
    ParameterValidationMixin,
    BaseEstimator,
):
    """Classify products by image with a pretrained network.

    The network has learnt from millions of images what images consist of, so that few
    labelled images suffice. By default it is not changed: a classifier is fitted to its
    feature vectors, in seconds. With `trainable` its last blocks are trained as well.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.

    class_prior_ : ndarray of shape (n_classes,)
        Weighted class frequencies of the training samples.

    head_ : Head or None
        The classifier of the feature vectors, with ``trainable="head"``.

    See Also
    --------
    PretrainedImageEncoder : The features alone, for other classifiers.
    amzest.ImageCNNClassifier : A network that is trained from scratch.

    Notes
    -----
    `X` is one column of images: paths, bytes, dicts of `bytes` and `path`, PIL images
    or arrays of shape (height, width) or (height, width, 1 | 3 | 4), in a list, array,
    Series or table of one column; or one array of shape (n, height, width, channels).
    :ref:`image-inputs` describes formats and pixel ranges. Samples without an image
    (None, NaN, blank, a path to no file, Amazon's ``no-img``) are ignored in training
    and get the class frequencies as predicted probabilities.

    An integer `trainable` starts from a logistic regression of the features [1]_, and
    keeps the statistics of batch normalisation. The fitted estimator then holds the
    weights of the trained blocks.

    References
    ----------
    .. [1] Kumar et al. (2022), Fine-Tuning can Distort Pretrained Features and
       Underperform Out-of-Distribution, https://arxiv.org/abs/2202.10054.

    Examples
    --------
    >>> import numpy as np
    >>> from torch import nn
    >>> from amzest.pretrained import PretrainedImageClassifier
    >>> network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    >>> dark, light = np.full((32, 32), 30), np.full((32, 32), 220)
    >>> X, y = [dark, light] * 8, ["dark", "light"] * 8
    >>> classifier = PretrainedImageClassifier(
    ...     network, image_size=32, mean=0.5, std=0.5, random_state=0
    ... )
    >>> classifier.fit(X, y).predict([light, dark]).tolist()
    ['light', 'dark']
    >>> classifier.predict_proba([None])
    array([[0.5, 0.5]])
    """

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "head_",
        "network_",
        "classes_",
        "class_prior_",
        *ImageFineTuning._needed_attributes,
    )

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the classifier to the training data.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Images: paths, bytes, PIL images or arrays, in one column.

        y : array-like of shape (n_samples,)
            Class labels: strings, integers, booleans or a pandas categorical.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative sample weights. Samples of weight 0 are ignored.

        Returns
        -------
        self : PretrainedImageClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter, a sample, a label or a weight is invalid, or the network
            cannot be used.
        FileNotFoundError
            If there is no such network on this machine.
        """
        self._validate_params()
        if self.warm_start:
            self._check_trainable("warm_start=True", {})
        if self.trainable != "head":
            self._fine_tune(X, y, sample_weight)  # reports each epoch
            return self
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        with reported_fit(self, X, y, metadata=metadata):
            self._fit_head(X, y, sample_weight)
        return self

    def _fit_head(self, X: Any, y: Any, sample_weight: Any) -> None:
        cells = self._read(X, reset=True)
        targets, weights = self._learn_labels(cells, y, sample_weight)
        self._fit_to(cells, targets, weights, self._former_head())

    def _start_encoder(self, cells: NDArray[np.object_]) -> None:
        self._learn_model()

    def _embed_samples(self, cells: NDArray[np.object_]) -> Embedded:
        vectors, column = self._embed(cells)
        self._n_features_out = vectors.shape[1]
        return Embedded(vectors, column.present, column.group_copies(), column.absence)

    def _predict_parts(
        self, X: Any
    ) -> tuple[int, Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]]:
        check_is_fitted(self, "head_")
        cells = self._read(X, reset=False)
        head = self.head_
        if head is None:
            return len(cells), self._predict_network(self._column(cells))
        features, column = self._embed(cells, self._n_features_out)

        def parts() -> Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
            for start in range(0, len(cells), _ROWS_PER_PART):
                rows = slice(start, start + _ROWS_PER_PART)
                mask = column.present[rows]
                yield np.exp(head.log_proba(features[rows][mask])), mask

        return len(cells), parts()

    def _predict_network(
        self, column: ImageColumn
    ) -> Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
        network = self._fine_tuned()
        for _, maps in self._maps_by_part(column, network):
            yield from network._predict_parts(maps)[1]

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Compute the feature vectors that are classified.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Samples in the form accepted by `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out), dtype float32
            Feature vectors of each sample; zeros for missing samples.
        """
        check_is_fitted(self, "head_")
        cells = self._read(X, reset=False)
        if self.head_ is not None:
            return self._embed(cells, self._n_features_out)[0]
        result = np.zeros((len(cells), self._n_features_out), dtype=np.float32)
        network = self._fine_tuned()
        for rows, maps in self._maps_by_part(self._column(cells), network):
            result[rows] = network.transform(maps)
        return result
