"""A linear classifier of product texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from amzest.neural import (
    Calibration,
    estimator_dataclass,
    learn_calibration,
    plan_splits,
    stratified_splits,
)
from amzest.text._incremental import IncrementalTextMixin, JoinedSamples, former_C
from amzest.text._linear_features import (
    count_features,
    learn_linear_features,
)
from amzest.text._linear_model import (
    CANDIDATES,
    DEFAULT_C,
    DEFAULT_CALIBRATION,
    best_C,
    fit_models,
)
from amzest.text._recent_texts import recent_texts
from amzest.text._text_input import TextInputMixin
from amzest.text._text_rows import TextRows
from amzest.text._tokens import TokenisedTexts, group_copies
from amzest.utils import (
    DocumentationLinkMixin,
    LazyTable,
    ParameterValidationMixin,
    draw_seeds,
    former_state,
)

#: Part of the samples that is held out of sets that are not small.
_HELD_OUT_FRACTION = 0.1

#: Number of scores, and of rows, that are computed at a time, to limit memory.
_SCORES_PER_PART, _ROWS_PER_PART = 2**21, 2**13

#: Arguments of a fit: targets, number of classes, weights in the loss.
_Training = tuple[NDArray[np.int64], int, NDArray[np.float64]]


@dataclass(frozen=True)
class _TrainingTexts:
    """The training samples."""

    texts: TokenisedTexts
    targets: NDArray[np.int64]
    weights: NDArray[np.float64]
    loss_weights: NDArray[np.float64]  # with `class_weight`; 0 for missing samples


@estimator_dataclass
class TextLinearClassifier(
    TextInputMixin,
    ClassNamePrefixFeaturesOutMixin,
    ClassifierMixin,
    TransformerMixin,
    IncrementalTextMixin,
    DocumentationLinkMixin,
    ParameterValidationMixin,
    BaseEstimator,
):
    """Classify products by text with a linear model of TF-IDF features.

    The features are words, pairs of neighbouring words and character n-grams.
    One-vs-rest support vector machines separate the classes, and their scores are
    calibrated on held-out samples. It is fitted in seconds, without PyTorch: a baseline
    that networks have to improve on, and a member of ensembles with networks.

    Parameters
    ----------
    ngram_range : tuple of int
        Smallest and largest length of the character n-grams.
    min_count : int
        Features that appear in fewer training texts are left out.
    max_features : int
        Maximum number of words, word pairs and n-grams. The most frequent ones are
        kept.
    max_length : int
        Number of tokens kept of each text in each column. Longer texts are truncated.
    C : float or "auto"
        Inverse regularisation strength. With "auto" the best of 0.1, 0.3 and 1 on
        held-out samples is used; 1 with fewer than 100 training samples.
    class_weight : dict, "balanced" or None
        Weights of the classes in the loss: by label, or "balanced" for weights
        inversely proportional to the class frequencies.
    warm_start : bool
        Whether `fit` keeps its samples for `partial_fit`, and reuses `C_` of a former
        fit with more than half as many samples. Saved files then contain the texts.
    random_state : int, RandomState instance or None
        Seed of the held-out samples and of the optimisation. Pass an int for identical
        results. Global random number generators are not used.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    class_prior_ : ndarray of shape (n_classes,)
        Weighted class frequencies of the training samples.
    C_ : float
        The inverse regularisation strength used.
    calibration_ : Calibration
        Weight and offset with which probabilities are computed from the scores.
    linear_features_ : LinearFeatures
        Hashes of the features, and their inverse document frequencies.
    linear_model_ : LinearModel
        Coefficients, of shape (n_features, n_classes), and intercepts.
    kept_samples_ : KeptTexts or None
        Training samples that `partial_fit` learns from again, compressed: at most
        50,000, with 32 million characters. None after `fit` without `warm_start`.
    max_length_ : int
        Number of tokens kept of each text.
    ngram_range_ : tuple of int
        Smallest and largest length of n-grams.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen during `fit`. Defined only when all names are
        strings.

    See Also
    --------
    TextCNNClassifier : A convolutional network, combined with this linear model.
    sklearn.svm.LinearSVC : Fits the support vector machines.

    Notes
    -----
    `X` is a column of strings (list, array or Series) or a table of several text
    columns; or a :class:`~amzest.datasets.TableReader`, to read more rows than memory
    holds. Samples without text (None, NaN, blank) are ignored in training and get the
    class frequencies as predicted probabilities.

    Words with pairs of words, and character n-grams, are weighted as by two
    :class:`~sklearn.feature_extraction.text.TfidfVectorizer` with ``sublinear_tf=True``
    side by side; then they are multiplied by the square root of their inverse document
    frequency, so that the weights of rare features are penalised less. With several
    columns, the only features that depend on the column are
    pairs of its number and its first word.

    A tenth of the samples, or more of small training sets, is held out first to choose
    `C` and to calibrate: the probability of a class is proportional to ``sigmoid(weight
    * score + offset)``, with the same two parameters for all classes. Then the model is
    fitted on all samples. `sample_weight` has the effect of repeated samples, except
    that weights with a mean below 1 are scaled to the mean 1.

    From 2 ** 24 stored values, such as the features of 85,000 titles, the samples are
    in a temporary file and fitted block by block [3]_, see
    :doc:`/user_guide/training_large_tables`.

    From 2 ** 24 coefficients (n_features times n_classes), each class is fitted on its
    own samples, the most similar samples of other classes [1]_ and a weighted random
    sample of the rest, and 2 ** 24 coefficients are kept: the largest of each class
    [2]_. Time and memory then grow linearly with the number of classes.

    References
    ----------
    .. [1] Jain et al. (2019), Slice: Scalable Linear Extreme Classifiers Trained on 100
       Million Labels for Related Searches, https://doi.org/10.1145/3289600.3290979.
    .. [2] Babbar and Schoelkopf (2017), DiSMEC: Distributed Sparse Machines for Extreme
       Multi-label Classification, https://arxiv.org/abs/1609.02521.
    .. [3] Yu et al. (2012), Large Linear Classification When Data Cannot Fit in Memory,
       https://doi.org/10.1145/2086737.2086743.

    Examples
    --------
    >>> from amzest.text import TextLinearClassifier
    >>> titles = ["red running shoe", "leather boot", "garden hose", "steel spade"]
    >>> categories = ["shoes", "shoes", "garden", "garden"]
    >>> classifier = TextLinearClassifier(random_state=0).fit(
    ...     titles * 8, categories * 8
    ... )
    >>> classifier.predict(["runing shoes", "spade", None]).tolist()[:2]
    ['shoes', 'garden']
    >>> classifier.predict_proba([None])
    array([[0.5, 0.5]])
    """

    ngram_range: tuple[int, int] = (2, 5)
    min_count: int = 1
    max_features: int = 262144
    max_length: int = 256
    C: float | str = "auto"
    class_weight: dict[Any, float] | str | None = None
    warm_start: bool = False
    random_state: int | np.random.RandomState | None = None

    _parameter_topics: ClassVar[dict[str, str]] = {
        "ngram_range": "Text and vocabulary",
        "C": "Training",
        "warm_start": "Incremental learning",
        "random_state": "Reproducibility",
    }

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "linear_model_",
        "linear_features_",
        "calibration_",
        "classes_",
        "class_prior_",
        "max_length_",
        "ngram_range_",
        "n_features_in_",
    )

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "ngram_range": [tuple, list],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "max_features": [Interval(Integral, 1, None, closed="left")],
        "max_length": [Interval(Integral, 1, None, closed="left")],
        "C": [StrOptions({"auto"}), Interval(Real, 0, np.inf, closed="neither")],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
    }

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the linear model to the training data.

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
        self : TextLinearClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter, a sample, a label or a weight is invalid.
        """
        self._validate_params()
        texts = self._read(X, reset=True)
        targets, weights = self._learn_labels(texts, y, sample_weight)
        seeds = draw_seeds(self.random_state)
        former = former_state(self) if self.warm_start else {}
        self._fit_texts(texts, targets, weights, seeds, former)
        self._keep_fitted(X, targets, weights, seeds["split"])
        return self

    def _fit_joined(self, joined: JoinedSamples, arguments: dict[str, Any]) -> None:
        self.max_length_ = int(self.max_length)
        cells, targets, weights = vars(joined.samples).values()
        texts = recent_texts(cells, self.max_length_)
        seeds = draw_seeds(self.random_state)
        former, again = joined.former, joined.recalibrates
        self._fit_texts(texts, targets, weights, seeds, former, calibrates=again)
        self._keep_joined(joined, calibrated=again, seed=seeds["split"])

    def _fit_texts(
        self,
        texts: TokenisedTexts,
        targets: NDArray[np.int64],
        weights: NDArray[np.float64],
        seeds: dict[str, int],
        former: dict[str, Any],  # fitted attributes to start from
        *,
        calibrates: bool = True,
    ) -> None:
        """Calibrate, then fit the model to all samples."""
        self.ngram_range_ = self._check_ngram_range()
        loss_weights = self._training_weights(
            weights, targets, texts.present, "every cell is missing or blank."
        )
        data = _TrainingTexts(texts, targets, weights, loss_weights)
        rows = np.flatnonzero(loss_weights)
        candidates = self._candidates(former, len(rows))
        if calibrates:
            self.C_, self.calibration_ = self._calibrate(data, rows, seeds, candidates)
        else:
            self.C_, self.calibration_ = candidates[0], former["calibration_"]
        samples, training = self._encode_training(data, rows)
        self.linear_features_ = samples.features
        ((_, self.linear_model_),) = fit_models(
            samples, *training, candidates=(self.C_,), seed=seeds["weights"]
        )
        self._n_features_out = len(self.classes_)

    def _candidates(self, former: dict[str, Any], n_samples: int) -> tuple[float, ...]:
        """Return the values of `C` to choose from."""
        C = former_C(former, n_samples) if self.C == "auto" else float(self.C)
        return CANDIDATES if C is None else (C,)

    def _calibrate(
        self,
        data: _TrainingTexts,
        rows: NDArray[np.intp],
        seeds: dict[str, int],
        candidates: tuple[float, ...],
    ) -> tuple[float, Calibration]:
        """Return the `C` and the calibration that are best on held-out rows."""
        fraction, n_splits = plan_splits(_HELD_OUT_FRACTION, len(rows))
        if n_splits == 0 or np.bincount(data.targets[rows]).max() < 2:
            C = DEFAULT_C if len(candidates) > 1 else candidates[0]
            return C, DEFAULT_CALIBRATION
        groups = group_copies(data.texts)[rows]
        splits = stratified_splits(
            data.targets[rows], fraction, n_splits, seeds["split"], groups
        )
        parts: dict[float, list[NDArray[np.float32]]] = {C: [] for C in candidates}
        for train, held_out in splits:
            samples, training = self._encode_training(data, rows[train])
            models = dict(
                fit_models(
                    samples, *training, candidates=candidates, seed=seeds["weights"]
                )
            )
            tested = replace(samples, rows=rows[held_out])
            for matrix in tested.matrices():
                for C, model in models.items():
                    parts[C].append(model.scores(matrix))
        scores = {C: np.concatenate(of_splits) for C, of_splits in parts.items()}
        tested = rows[np.concatenate([held_out for _, held_out in splits])]
        known = data.targets[tested], data.loss_weights[tested]
        C = best_C(scores, *known)
        return C, learn_calibration([scores[C]], *known, DEFAULT_CALIBRATION)[0]

    def _encode_training(
        self, data: _TrainingTexts, rows: NDArray[np.intp]
    ) -> tuple[TextRows, _Training]:
        """Learn the features of some rows, and return the training data of a model."""
        # A text counts at least once: weights may be fractions that sum to 1.
        counts = np.zeros(len(data.targets))
        counts[rows] = np.maximum(data.weights[rows], 1.0)
        features = learn_linear_features(
            count_features(data.texts, *self.ngram_range_),
            counts,
            min_count=self.min_count,
            max_features=self.max_features,
        )
        known = features.known(data.texts, *self.ngram_range_)
        return TextRows(features, known, rows), (
            data.targets[rows],
            len(self.classes_),
            data.loss_weights[rows],
        )

    def _score_parts(
        self, X: Any
    ) -> tuple[int, Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]]:
        """Return the number of samples, and scores for consecutive parts of them.

        A part has the scores of its non-missing samples, and a mask of those.
        """
        check_is_fitted(self, "linear_model_")
        if isinstance(X, LazyTable):
            pieces = self._tokenise_pieces(X)
            of_pieces = (self._score_parts(texts)[1] for texts in pieces)
            return len(X), chain.from_iterable(of_pieces)
        texts = self._read(X, reset=False)
        present = texts.present
        features, model = self.linear_features_, self.linear_model_
        known = features.known(texts, *self.ngram_range_)
        step = max(1, _SCORES_PER_PART // len(self.classes_))
        step = min(step, _ROWS_PER_PART)

        def parts() -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
            for start in range(0, len(texts), step):
                mask = present[start : start + step]
                matrix = features.matrix_of(known, start + np.flatnonzero(mask))
                yield model.scores(matrix), mask

        return len(texts), parts()

    def _predict_parts(
        self, X: Any
    ) -> tuple[int, Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]]:
        n_samples, parts = self._score_parts(X)
        log_proba = self.calibration_.log_proba
        return n_samples, (
            (np.exp(log_proba([scores])), mask) for scores, mask in parts
        )

    def decision_function(self, X: Any) -> NDArray[np.float32]:
        """Compute the scores of the classes, before the calibration.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Samples in the form accepted by `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes), dtype float32
            Signed distances to the separating hyperplanes, in units of the margin; for
            two classes that of the second. Zeros for missing samples.
        """
        scores = self.transform(X)
        return scores[:, 1] if len(self.classes_) == 2 else scores

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Compute the scores of the classes, as features for another model.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Samples in the form accepted by `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), dtype float32
            Scores before the calibration; zeros for missing samples.
        """
        n_samples, parts = self._score_parts(X)
        result = np.zeros((n_samples, len(self.classes_)), dtype=np.float32)
        start = 0
        for scores, mask in parts:
            result[start : start + len(mask)][mask] = scores
            start += len(mask)
        return result

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags
