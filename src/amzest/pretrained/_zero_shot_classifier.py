"""A classifier that needs the names of the categories, and no or few labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from os import PathLike
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
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
)

from amzest.neural import estimator_dataclass
from amzest.pretrained._category_texts import (
    Texts,
    categories_of_labels,
    encode_category_labels,
    fill_template,
    read_categories,
)
from amzest.pretrained._pretrained_image_encoder import PretrainedImageEncoder
from amzest.pretrained._pretrained_text_encoder import PretrainedTextEncoder
from amzest.pretrained._zero_shot_head import ZeroShotHead, fit_zero_shot_head
from amzest.pretrained._zero_shot_input import EncodedSamples, ZeroShotInput
from amzest.utils import (
    DocumentationLinkMixin,
    MissingSamplesMixin,
    ParameterValidationMixin,
    partial_label_values,
    reported_fit,
)

#: The default templates. Of texts, others change the mean accuracy by about a point.
_TEMPLATES: dict[type, str] = {
    PretrainedTextEncoder: "a product of the category {}.",
    PretrainedImageEncoder: "a photo of a {}.",
}

#: Number of samples that are classified at a time, to limit memory.
_ROWS_PER_PART = 4096


@estimator_dataclass
class ZeroShotClassifier(
    ZeroShotInput,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    ClassifierMixin,
    TransformerMixin,
    MissingSamplesMixin,
    DocumentationLinkMixin,
    ParameterValidationMixin,
    BaseEstimator,
):
    """Classify texts or images by the names of the categories, before any is labelled.

    A pretrained encoder represents products and names of categories as vectors, and a
    product belongs to the category whose name is most similar. It is meant for
    pre-labelling, that is to propose labels that people check, and for the first
    labels: with 30 per category, other classifiers are about as accurate.

    Parameters
    ----------
    model : str or path
        Folder of the encoder, or the name of one in the local cache of the Hugging Face
        Hub. It is an encoder of texts, such as
        "sentence-transformers/all-MiniLM-L6-v2", or one of images and texts, such as
        "openai/clip-vit-base-patch32", with which images are classified. Nothing is
        downloaded.
    categories : list, dict or None
        Names of the categories, or a dict from labels to texts that describe them: a
        text, a list of texts whose vectors are averaged, or None for the label itself.
        None means the labels in `y`, which must be strings then.
    template : str
        Text with ``{}`` in the place of each name or description. "auto" is "a product
        of the category {}." for texts and "a photo of a {}." for images.
    self_training : bool
        Whether unlabelled samples in `fit` are used to adapt the classifier to them.
        If False, they only determine the mean vector.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The categories, sorted.
    class_prior_ : ndarray of shape (n_classes,)
        Predicted probabilities of missing samples: the weighted class frequencies if
        all samples are labelled and each category occurs, otherwise equal ones.
    category_texts_ : dict of label to list of str
        The texts whose vectors represent each category.
    head_ : ZeroShotHead
        Vectors of the categories, mean vector, coefficients and intercepts.

    See Also
    --------
    PretrainedTextClassifier : The same encoder, fitted to labels.
    PretrainedImageClassifier : The same for images.
    sklearn.semi_supervised.SelfTrainingClassifier : Self-training of any classifier.

    Notes
    -----
    `X` is a column of texts or a table of several, as for
    :class:`PretrainedTextClassifier`, or a column of images, as for
    :class:`PretrainedImageClassifier`. Missing samples are ignored in training.

    Names are split into words ("BabyCare", "baby_care"), and those with several parts
    ("clothing, shoes & jewelry") are represented by the mean of the whole and of the
    parts. Vectors are compared by cosine similarity after their mean, over the samples
    of `fit` and over the categories, was subtracted [1]_.

    Self-training without labels is a mixture of von Mises-Fisher distributions [2]_ of
    the samples, which starts from the names and stays near them. With labels, a
    logistic regression is fitted to the labelled samples and to the names, and refitted
    twice with its own predictions for the unlabelled samples, weighted by the predicted
    probability. It helps most where the categories are separated and of similar size;
    names that products resemble little are corrected, rare categories may get samples
    of large ones.

    There are no labels to calibrate with: the scale of the probabilities is a constant,
    chosen for texts of several product tables and all-MiniLM-L6-v2. Use probabilities
    as an order of what to check first, not as accuracies.

    `score`, cross-validation and searches with `y` pass all labels to `fit`. To measure
    the accuracy without labels, fit on `X` alone.

    References
    ----------
    .. [1] Mu and Viswanath (2018), All-but-the-Top: Simple and Effective
       Postprocessing for Word Representations, https://arxiv.org/abs/1702.01417.
    .. [2] Banerjee et al. (2005), Clustering on the Unit Hypersphere using von
       Mises-Fisher Distributions, Journal of Machine Learning Research 6.

    Examples
    --------
    >>> from amzest.pretrained import ZeroShotClassifier
    >>> classifier = ZeroShotClassifier(
    ...     "sentence-transformers/all-MiniLM-L6-v2", categories=["shoes", "garden"]
    ... )
    >>> titles = ["red running shoe", "leather boot", "garden hose", "steel spade"]
    >>> classifier.fit(titles).predict(["sandals"])  # doctest: +SKIP
    array(['shoes'], dtype='<U6')

    The first labels; None is a missing one:

    >>> classifier.fit(titles, ["shoes", None, None, "garden"])  # doctest: +SKIP
    """

    model: str | PathLike[str] = field(kw_only=False)
    categories: Any = field(default=None, kw_only=False)
    template: str = "auto"
    self_training: bool = True

    _parameter_topics: ClassVar[dict[str, str]] = {
        "model": "Model and categories",
        **ZeroShotInput._parameter_topics,
    }

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ZeroShotInput._parameter_constraints,
        "categories": [dict, "array-like", None],
        "template": [str],
        "self_training": ["boolean"],
    }

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "head_",
        "classes_",
        "class_prior_",
        "_n_features_out",
        *ZeroShotInput._needed_attributes,
    )

    @with_callbacks
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Fit the classifier to the names of the categories, and to samples.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Texts, in one or several columns, or images, in one column.

        y : array-like of shape (n_samples,), default=None
            Class labels of some or all samples; None, NaN or ``pd.NA`` for unlabelled
            ones. None means that no sample is labelled.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative sample weights. Samples of weight 0 are ignored.

        Returns
        -------
        self : ZeroShotClassifier
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
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        with reported_fit(self, X, y, metadata=metadata):
            self._fit(X, y, sample_weight)
        return self

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> None:
        self._learn_encoder(X)
        texts, targets = self._learn_categories(y)
        samples = self._encode_samples(X)
        if targets is None:
            targets = np.full(len(samples.present), -1)
        check_consistent_length(samples.present, targets)
        weights = self._weigh(samples, targets, sample_weight)
        rows = np.flatnonzero(weights)
        self.head_: ZeroShotHead = fit_zero_shot_head(
            samples.vectors[rows],
            self._encode_categories(texts),
            targets[rows],
            weights[rows] / min(1.0, weights[rows].mean()),
            self_training=bool(self.self_training),
        )
        self._n_features_out = len(self.classes_)

    def _learn_categories(self, y: Any) -> tuple[list[Texts], NDArray[np.int64] | None]:
        """Set the classes; return their texts, and targets, -1 for unlabelled rows."""
        categories, targets = self.categories, None
        values, labelled = (None, None) if y is None else partial_label_values(y)
        if categories is None:
            categories = categories_of_labels(values)
        self.classes_, names = read_categories(categories)
        if values is not None and labelled is not None:
            targets = np.full(len(labelled), -1)
            targets[labelled] = encode_category_labels(values, self.classes_)
        template = self.template
        if template == "auto":
            template = _TEMPLATES[type(self.encoder_)]
        texts = fill_template(template, names)
        self.category_texts_ = {
            label: [text for part in of_one for text in part]
            for label, of_one in zip(self.classes_.tolist(), texts, strict=True)
        }
        return texts, targets

    def _weigh(
        self, samples: EncodedSamples, targets: NDArray[np.int64], sample_weight: Any
    ) -> NDArray[np.float64]:
        """Set the class frequencies; return weights, 0 for missing samples."""
        weights: NDArray[np.float64] = _check_sample_weight(
            sample_weight, samples.present, dtype=np.float64, ensure_non_negative=True
        )
        n_classes = len(self.classes_)
        self.class_prior_ = np.full(n_classes, 1 / n_classes)
        weighted = weights > 0
        totals = np.bincount(
            targets[targets >= 0], weights=weights[targets >= 0], minlength=n_classes
        )
        if (targets[weighted] >= 0).all() and totals.all():
            self.class_prior_ = totals / totals.sum()
        if not weights[samples.present].any():
            raise ValueError(
                f"`X` is missing in all of the {np.count_nonzero(weighted)} training "
                f"rows: {samples.absence}"
            )
        return np.where(samples.present, weights, 0.0)

    def _predict_parts(
        self, X: Any
    ) -> tuple[int, Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]]:
        check_is_fitted(self, "head_")
        samples = self._encode_samples(X)

        def parts() -> Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
            for start in range(0, len(samples.present), _ROWS_PER_PART):
                rows = slice(start, start + _ROWS_PER_PART)
                mask = samples.present[rows]
                yield np.exp(self.head_.log_proba(samples.vectors[rows][mask])), mask

        return len(samples.present), parts()

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Compute the similarities to the categories, as features for another model.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Samples in the form accepted by `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), dtype float32
            Cosine similarities to the vectors of the categories, from -1 to 1, before
            self-training and without labels; zeros for missing samples.
        """
        check_is_fitted(self, "head_")
        samples = self._encode_samples(X)
        result = self.head_.similarity(samples.vectors)
        result[~samples.present] = 0
        return result
