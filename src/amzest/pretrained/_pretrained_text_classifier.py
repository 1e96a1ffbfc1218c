"""A classifier of texts on top of a pretrained encoder."""

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
from amzest.pretrained._incremental_head import Embedded, IncrementalHeadMixin
from amzest.pretrained._text_fine_tuning import TextFineTuning
from amzest.text._recent_texts import recent_texts
from amzest.text._tokens import group_copies
from amzest.utils import (
    DocumentationLinkMixin,
    ParameterValidationMixin,
    reported_fit,
)

#: Number of samples that are classified at a time, to limit memory.
_ROWS_PER_PART = 4096

#: Number of words of a cell by which copies of a text are found.
_WORDS_OF_COPIES = 256


@estimator_dataclass
class PretrainedTextClassifier(
    TextFineTuning,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    ClassifierMixin,
    TransformerMixin,
    IncrementalHeadMixin,
    DocumentationLinkMixin,
    ParameterValidationMixin,
    BaseEstimator,
):
    """Classify products by text with a pretrained encoder.

    The encoder has learnt from other texts which words mean similar things, so that it
    classifies well from few labels. Its errors differ from those of models that know
    only the training set: ensembles of both are more accurate.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    class_prior_ : ndarray of shape (n_classes,)
        Weighted class frequencies of the training samples.
    head_ : Head or None
        The classifier of the vectors, with ``trainable="head"``.

    See Also
    --------
    PretrainedTextEncoder : The vectors alone, as features for other estimators.
    amzest.TextLinearClassifier : A baseline without pretraining.

    Notes
    -----
    `X` is a column of strings (list, array or Series) or a table of several text
    columns. Each cell is encoded by itself, and the vectors of the columns are placed
    side by side. Samples without text (None, NaN, blank) are ignored in training and
    get the class frequencies as predicted probabilities.

    A tenth of the samples, or more of small training sets, is held out first to choose
    the hyperparameters of the head and to calibrate its probabilities; equal texts are
    held out together. Then the head is fitted on all samples.

    Only models whose weights are in the safetensors format and whose architecture is
    part of transformers are loaded: no code of a model is executed. No connection is
    opened. Fetch a model once, for example with
    ``hf download sentence-transformers/all-MiniLM-L6-v2``.

    Examples
    --------
    >>> from amzest.pretrained import PretrainedTextClassifier
    >>> classifier = PretrainedTextClassifier("sentence-transformers/all-MiniLM-L6-v2")
    >>> titles = ["red running shoe", "leather boot", "garden hose", "steel spade"]
    >>> categories = ["shoes", "shoes", "garden", "garden"]
    >>> classifier.fit(titles, categories).predict(["sandals"])  # doctest: +SKIP
    array(['shoes'], dtype=object)
    """

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "head_",
        "network_",
        "classes_",
        "class_prior_",
        *TextFineTuning._needed_attributes,
    )

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the classifier to the training data.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Texts, in one or several columns.

        y : array-like of shape (n_samples,)
            Class labels: strings, integers, booleans or a pandas categorical.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative sample weights. Samples of weight 0 are ignored.

        Returns
        -------
        self : PretrainedTextClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter, a sample, a label or a weight is invalid, or the model
            cannot be used.
        FileNotFoundError
            If there is no such model on this machine.
        """
        self._validate_params()
        if self.warm_start:
            self._check_trainable("warm_start=True", {})
        if self.trainable == "all":
            self._fine_tune(X, y, sample_weight)  # reports each epoch
            return self
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        with reported_fit(self, X, y, metadata=metadata):
            self._fit_head(X, y, sample_weight)
        return self

    def _fit_head(self, X: Any, y: Any, sample_weight: Any) -> None:
        """Fit a classifier of the vectors of the frozen encoder."""
        cells = self._read(X, reset=True)
        targets, weights = self._learn_labels(cells, y, sample_weight)
        self._fit_to(cells, targets, weights, self._former_head())

    def _start_encoder(self, cells: NDArray[np.object_]) -> None:
        self._learn_model(cells.shape[1], pack=self.embed_weights)

    def _embed_samples(self, cells: NDArray[np.object_]) -> Embedded:
        groups = group_copies(recent_texts(cells, _WORDS_OF_COPIES))
        present = (cells != "").any(axis=1)
        why = "every cell is missing or blank."
        return Embedded(self._embed(cells), present, groups, why)

    def _predict_parts(
        self, X: Any
    ) -> tuple[int, Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]]:
        check_is_fitted(self, "head_")
        cells = self._read(X, reset=False)
        if self.network_ is not None:
            return self.network_._predict_parts(cells)
        head: Any = self.head_
        encode, present = self._encoder(), (cells != "").any(axis=1)

        def parts() -> Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
            for start in range(0, len(cells), _ROWS_PER_PART):
                rows = slice(start, start + _ROWS_PER_PART)
                mask = present[rows]
                yield np.exp(head.log_proba(encode(cells[rows][mask]))), mask

        return len(cells), parts()

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Compute the vectors of texts, as features for another model.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Samples in the form accepted by `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_columns * n_features), dtype float32
            Vectors of each sample; zeros for missing cells.
        """
        check_is_fitted(self, "head_")
        cells = self._read(X, reset=False)
        if self.network_ is not None:
            return self.network_.transform(cells)
        return self._embed(cells)
