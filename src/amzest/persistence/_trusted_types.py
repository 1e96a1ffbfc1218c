"""The types that a file may contain, listed one by one.

Trusting the prefix "amzest." would allow a file to call any function of the package,
such as those that download. A test compares the lists with the types in the fitted
state of every public estimator.
"""

from __future__ import annotations

#: Classes of amzest in the state of fitted objects.
AMZEST_TYPES = (
    "amzest.automl._auto_classifier.AutoClassifier",
    "amzest.compose._column_selector.ColumnSelector",
    "amzest.ensemble._calibrated.CalibratedClassifier",
    "amzest.ensemble._calibrated._LogProba",
    "amzest.ensemble._cross_fit.CrossFit",
    "amzest.ensemble._fold_average.FoldAverageClassifier",
    "amzest.ensemble._stacking.MissingAwareStackingClassifier",
    "amzest.ensemble._weighted_voting.WeightedVotingClassifier",
    "amzest.evaluation._metrics._scoring.Metric",
    "amzest.evaluation._metrics._scoring.Scores",
    "amzest.evaluation._reports._comparison.ClassifierComparison",
    "amzest.evaluation._reports._fusion.FusionReport",
    "amzest.evaluation._summaries._data_summary.DataSummary",
    "amzest.evaluation._summaries._image_column.ImageColumn",
    "amzest.evaluation._summaries._prediction_summary.PredictionSummary",
    "amzest.evaluation._summaries._text_column.TextColumn",
    "amzest.evaluation._summaries._text_column.Vocabulary",
    "amzest.evaluation._summaries._value_columns.CategoricalColumn",
    "amzest.evaluation._summaries._value_columns.NumericColumn",
    "amzest.evaluation._summaries._value_columns.OtherColumn",
    "amzest.image._image_cnn.ImageCNNClassifier",
    "amzest.image._image_inception.ImageInceptionClassifier",
    "amzest.meta._category_tree.CategoryTree",
    "amzest.meta._hierarchical_classifier.HierarchicalClassifier",
    "amzest.meta._review_threshold.ReviewThresholdClassifier",
    "amzest.neural._calibration.Calibration",
    "amzest.pretrained._fine_tuned_image.FineTunedImage",
    "amzest.pretrained._fine_tuned_text.FineTunedText",
    "amzest.pretrained._head.Head",
    "amzest.pretrained._head.QuantizedRows",
    "amzest.pretrained._image_preprocessing.Preprocessing",
    "amzest.pretrained._image_settings.ImageModelSettings",
    "amzest.pretrained._pretrained_image_classifier.PretrainedImageClassifier",
    "amzest.pretrained._pretrained_image_encoder.PretrainedImageEncoder",
    "amzest.pretrained._pretrained_text_classifier.PretrainedTextClassifier",
    "amzest.pretrained._pretrained_text_encoder.PretrainedTextEncoder",
    "amzest.pretrained._text_description.TextModelDescription",
    "amzest.pretrained._zero_shot_classifier.ZeroShotClassifier",
    "amzest.pretrained._zero_shot_head.ZeroShotHead",
    "amzest.text._kept_texts.KeptTexts",
    "amzest.text._linear_features.LinearFeatures",
    "amzest.text._linear_model.LinearModel",
    "amzest.text._text_cnn.TextCNNClassifier",
    "amzest.text._text_linear.TextLinearClassifier",
    "amzest.text._text_lstm.TextLSTMClassifier",
    "amzest.text._text_transformer.TextTransformerClassifier",
)

#: Classes of scikit-learn and NumPy that skops does not trust by itself: parts of
#: estimators that it does trust, and splitters, which `cv` may be. They hold values.
OTHER_TYPES = (
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.model_selection._split.GroupKFold",
    "sklearn.model_selection._split.GroupShuffleSplit",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.LeaveOneGroupOut",
    "sklearn.model_selection._split.LeaveOneOut",
    "sklearn.model_selection._split.PredefinedSplit",
    "sklearn.model_selection._split.ShuffleSplit",
    "sklearn.model_selection._split.StratifiedGroupKFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.model_selection._split.StratifiedShuffleSplit",
    "sklearn.model_selection._split.TimeSeriesSplit",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
)

#: Types other than plain objects, with the only kind of node that may contain them.
#: Everything else in the lists above has its attributes set, and is never called.
NODE_KINDS = {
    "builtins.dict": "ConstructorFromReduceNode",  # of pairs
    "numpy.dtype": "DTypeNode",
    "pathlib.Path": "ConstructorFromReduceNode",
    "sklearn.utils._bunch.Bunch": "DictNode",
    # Coefficients of many classes, and of features such as TF-IDF.
    **{
        f"scipy.sparse._{kind}.{kind}_{of}": "SparseMatrixNode"
        for kind in ("csr", "csc", "coo")
        for of in ("array", "matrix")
    },
}


def trusted_names() -> set[str]:
    """Return the names of all types that `load` trusts."""
    return {*AMZEST_TYPES, *OTHER_TYPES, *NODE_KINDS}


def trusted_types() -> list[str]:
    """Return the names of the types that `load` trusts beside those of skops.

    They are the classes of amzest that fitted models consist of, and some classes of
    scikit-learn and NumPy that hold values. skops itself trusts the estimators of
    scikit-learn, arrays and Python's containers. The list contains no functions.

    Returns
    -------
    list of str
        Full names, sorted, for the argument `trusted` of ``skops.io.load`` and
        `skops_trusted_types` of ``mlflow.sklearn.log_model``.

    See Also
    --------
    amzest.load : Load a model; it trusts these types.

    Examples
    --------
    >>> from amzest.persistence import trusted_types
    >>> "amzest.text._text_cnn.TextCNNClassifier" in trusted_types()
    True
    """
    paths = {"pathlib.PosixPath", "pathlib.WindowsPath"}  # as skops writes them
    kinds = {*NODE_KINDS} - {"builtins.dict"}
    return sorted({*AMZEST_TYPES, *OTHER_TYPES, *kinds, *paths})
