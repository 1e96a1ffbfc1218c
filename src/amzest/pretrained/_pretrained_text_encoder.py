"""A frozen pretrained encoder as a transformer of texts."""

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
from amzest.pretrained._text_input import PretrainedTextInput
from amzest.utils import (
    DocumentationLinkMixin,
    FittedStateMixin,
    ParameterValidationMixin,
)


@estimator_dataclass
class PretrainedTextEncoder(
    PretrainedTextInput,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    FittedStateMixin,
    DocumentationLinkMixin,
    ParameterValidationMixin,
    BaseEstimator,
):
    """Encode texts as vectors with a pretrained network.

    The network is not trained. Its vectors (embeddings) are features for other
    estimators, for example beside prices in a
    :class:`~sklearn.compose.ColumnTransformer`.

    See Also
    --------
    PretrainedTextClassifier : A classifier on top of these vectors.
    amzest.TextLinearClassifier : A baseline without pretraining.

    Notes
    -----
    `X` is a column of strings (list, array or Series) or a table of several text
    columns. Each cell is encoded by itself, and the vectors of the columns are placed
    side by side; missing cells (None, NaN, blank) have zeros.

    Only models whose weights are in the safetensors format and whose architecture is
    part of transformers are loaded: no code of a model is executed. No connection is
    opened. Fetch a model once, for example with
    ``hf download sentence-transformers/all-MiniLM-L6-v2``.

    Examples
    --------
    >>> from amzest.pretrained import PretrainedTextEncoder
    >>> encoder = PretrainedTextEncoder("sentence-transformers/all-MiniLM-L6-v2")
    >>> encoder.fit_transform(["red shoe", None]).shape  # doctest: +SKIP
    (2, 384)
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find the model, and read how it encodes texts.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Texts, in one or several columns. Only validated; nothing is encoded.

        y : None
            Ignored.

        Returns
        -------
        self : PretrainedTextEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            If a parameter or a sample is invalid, or the model cannot be used.
        FileNotFoundError
            If there is no such model on this machine.
        """
        self._validate_params()
        cells = self._read(X, reset=True)
        self._learn_model(cells.shape[1], pack=self.embed_weights)
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Compute the vectors of texts.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Texts in the form accepted by `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_columns * n_features), dtype float32
            Vectors of each sample; zeros for missing cells.
        """
        check_is_fitted(self, "fingerprint_")
        return self._embed(self._read(X, reset=False))
