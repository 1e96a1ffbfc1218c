"""A frozen pretrained network as a transformer of images."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted

from amzest.neural import estimator_dataclass
from amzest.pretrained._image_input import PretrainedImageInput
from amzest.pretrained._image_model import known_width
from amzest.utils import (
    DocumentationLinkMixin,
    FittedStateMixin,
    ParameterValidationMixin,
)


@estimator_dataclass
class PretrainedImageEncoder(
    PretrainedImageInput,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    FittedStateMixin,
    DocumentationLinkMixin,
    ParameterValidationMixin,
    BaseEstimator,
):
    """Encode images as feature vectors with a pretrained network.

    The network is not trained. Its vectors are features for other estimators, for
    example beside those of texts and prices in a
    :class:`~sklearn.compose.ColumnTransformer`.

    See Also
    --------
    PretrainedImageClassifier : A classifier on top of these features.

    Examples
    --------
    >>> import numpy as np
    >>> from torch import nn
    >>> from amzest.pretrained import PretrainedImageEncoder
    >>> network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    >>> encoder = PretrainedImageEncoder(
    ...     network, image_size=32, mean=0.5, std=0.5, cache=False
    ... )
    >>> dark, light = np.full((32, 32), 30), np.full((32, 32), 220)
    >>> encoder.fit_transform([dark, light, None]).shape
    (3, 4)
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find the network, and set the number of features.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Images. Only the column is validated; nothing is encoded.

        y : None
            Ignored.

        Returns
        -------
        self : PretrainedImageEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            If a parameter or `X` is invalid, or the network cannot be used.
        FileNotFoundError
            If there is no such network on this machine.
        """
        self._validate_params()
        self._read(X, reset=True)
        self._learn_model()
        self._n_features_out = known_width(
            self._source(), self._model_settings(), self.device
        )
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Compute the feature vectors of images.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Images in the form accepted by `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out), dtype float32
            Feature vectors; zeros for missing images.
        """
        check_is_fitted(self, "fingerprint_")
        return self._embed(self._read(X, reset=False), self._n_features_out)[0]
