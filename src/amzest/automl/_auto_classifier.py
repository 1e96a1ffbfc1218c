"""One call: choose members for the columns of a table, fit them, and vote."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from numbers import Integral, Real
from os import PathLike
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils._param_validation import HasMethods, Hidden, Interval, StrOptions
from sklearn.utils.validation import (
    _check_feature_names,
    check_consistent_length,
    check_is_fitted,
)

from amzest.automl._budget import Budget
from amzest.automl._candidates import Candidate, Settings, choose_candidates
from amzest.automl._columns import describe_columns, select_columns, table_of
from amzest.automl._folds import make_folds, warn_of_small_classes
from amzest.automl._leaderboard import (
    Choice,
    board_without_scores,
    choose_best,
    finishing_seconds,
    rebuild,
)
from amzest.automl._progress import FitProgress, Reporter
from amzest.automl._search import Search
from amzest.ensemble._folds import find_groups
from amzest.ensemble._predicting import PredictFromProbaMixin
from amzest.evaluation._reports._table_state import as_state, from_state
from amzest.utils import (
    DocumentationLinkMixin,
    ParameterValidationMixin,
    count,
    draw_seeds,
    encode_labels,
)

Metric = Literal["accuracy", "macro_f1", "log_loss"]


class AutoClassifier(
    PredictFromProbaMixin,
    ClassifierMixin,
    DocumentationLinkMixin,
    ParameterValidationMixin,
    BaseEstimator,
):
    """Choose, fit and combine classifiers of a product table within a time budget.

    The columns of `X` decide which classifiers are candidates: a linear model and
    networks for texts, networks for images, gradient boosting for numbers, and
    classifiers on pretrained encoders if those are given. The time of each is measured
    on a sample and predicted for all samples. As many candidates as the budget allows
    are cross-validated, in the order of expected gain per second. Near copies of other
    members are left out, and the best vote of the others predicts.

    Parameters
    ----------
    time_budget : float or None, default=120.0
        Wall time in seconds that `fit` may take. It is also observed within fits, see
        Notes. None means no limit: all candidates are fitted, and results are
        reproducible.

    members : "auto", list of str or list of (str, classifier), default="auto"
        Candidates. "auto" chooses those for the columns of `X`; names select some of
        these, see Notes. Classifiers of your own are fitted in the order of the list,
        on tables with all columns of `X`. The first member is fitted in any case.

    text_encoder : str or path, default=None
        Folder or name of a pretrained encoder of texts, see
        :class:`~amzest.PretrainedTextClassifier`.

    image_encoder : str, path or torch.nn.Module, default=None
        Pretrained encoder of images, see :class:`~amzest.PretrainedImageClassifier`.

    image_root : str or path, default=None
        Folder that relative paths of images are resolved against; None for the working
        directory.

    on_error : {"raise", "missing"}, default="raise"
        How to handle images that cannot be decoded, see
        :class:`~amzest.ImageCNNClassifier`.

    column_kinds : dict of str to str, default=None
        Kinds of columns that are not to be recognised: "text", "image", "number" or
        "ignore" by the name of the column.

    metric : {"accuracy", "macro_f1", "log_loss"}, default="accuracy"
        Score by which the leaderboard is sorted and the best vote is chosen.

    cv : int, cross-validation generator or iterable, default=5
        Folds, see :class:`~amzest.ensemble.CrossFit`. An int means stratified folds;
        there are fewer of them if no class has that many samples.

    groups : array-like of shape (n_samples,) or str, default=None
        Groups of samples that must be in the same fold, see
        :func:`~amzest.datasets.group_products`; or the name of the column of `X` that
        contains them, which members then do not use.

    refit : bool, default=True
        Whether the members of the best vote are refitted on all samples. The time
        for it is kept while members are chosen. If it is nevertheless too short, or
        with False, the predictions of the fold models are averaged: each has seen fewer
        samples, and predictions take `cv` times as long.

    on_interrupt : {"keep", "raise"}, default="keep"
        What happens on Ctrl-C (`KeyboardInterrupt`) once the first member is fitted:
        "keep" ends the fit with the members so far and warns, "raise" passes the
        exception on and leaves the estimator as it was before.

    n_jobs : int, default=None
        Number of processes in which folds are fitted.

    random_state : int, RandomState instance or None, default=None
        Seed of folds, samples and members. With a time budget, the speed of the machine
        determines which members are fitted.

    verbose : int or bool, default=0
        0 prints nothing, 1 shows a progress bar with the time left (needs tqdm), 2
        prints a line for each step.

    progress : callable, default=None
        Function called after each step with a :class:`~amzest.automl.FitProgress`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.

    class_prior_ : ndarray of shape (n_classes,)
        Frequency of each class.

    best_estimator_ : WeightedVotingClassifier or MissingAwareStackingClassifier
        The design with the best score, fitted. It has out-of-fold predictions
        (`oof_proba_`), and takes tables of the columns `used_columns_`.

    best_name_ : str
        Its name in `leaderboard_`.

    leaderboard_ : DataFrame of shape (n_designs, 8)
        One row per member and vote, the best first: `metric` on out-of-fold predictions
        with its interval (95 %, bootstrap), accuracy, log-loss, `fit_seconds` of all
        folds, `predict_ms_per_1000` (milliseconds for 1,000 rows) and `members`.

    members_ : DataFrame of shape (n_candidates, 4)
        What became of each candidate: `status` ("kept", "dropped", "not fitted" or
        "failed"), the `reason`, `predicted_seconds` and `seconds` of its folds.

    columns_ : DataFrame of shape (n_columns, 2)
        `kind` of each column of `X` ("own" with members of your own, which get them
        all), and the `reason` if it is ignored.

    comparison_ : ClassifierComparison or None
        All designs, with further scores, tests and plots. None without folds.

    n_folds_ : int
        Number of folds; 0 if the time was too short for any, see Notes.

    refitted_ : bool
        Whether the members of `best_estimator_` are fitted on all samples. Otherwise
        the fold models predict.

    seconds_ : float
        Seconds that `fit` took.

    used_columns_ : list of str
        Columns that predictions need; "x0", "x1" and so on if `X` had no names.

    n_features_in_ : int
        Number of columns seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,), dtype object
        Names of the columns seen during `fit`. Exists only if `X` was a table whose
        column names are all strings.

    See Also
    --------
    amzest.ensemble.CrossFit : Fits chosen members on folds.
    amzest.evaluation.compare_classifiers : Compares designs, with tests.

    Notes
    -----
    Texts need words, which identifiers lack. Images are paths with the suffix of an
    image format, bytes, arrays or PIL images. URLs, dates, lists, constants and
    distinct integers are ignored; `columns_` has the reasons.

    The candidates are "text_linear", "text_cnn", "text_lstm", "text_transformer",
    "text_cnn_linear" and "text_pretrained" for texts, "image_cnn" and
    "image_pretrained" for images, and "numbers". Networks are fitted without a
    calibration of their own, since votes calibrate them on out-of-fold predictions. An
    image network that takes too long is replaced by one for smaller images.

    The budget is checked before each fit, which does not start if its predicted time is
    longer than the time left, and after each epoch of a network. What is not divided
    into epochs can therefore end late: one fit of a linear model or of gradient
    boosting, or an epoch of a network. The first member, the linear model if there are
    texts, is fitted even if this exceeds the budget. If its folds would take more than
    half of it, there are 3 or 2 folds, or none: then the member is fitted on all rows,
    and the leaderboard has no scores.

    With the same members the results are the same for every `n_jobs`. Which members
    there are depends on the speed of the machine, unless `time_budget` is None.

    Members are left out of votes if the vote is at least as accurate without them, and
    they make at least half of their errors together with a better member or have
    almost no weight. The choice of the best design on the same out-of-fold predictions
    makes its score slightly too high.

    Examples
    --------
    >>> from amzest import AutoClassifier, make_products
    >>> table = make_products(120, n_categories=3, random_state=0).frame
    >>> X, y = table[["title", "price"]], table["category"]
    >>> auto = AutoClassifier(
    ...     members=["text_linear", "numbers"], cv=3, random_state=0
    ... ).fit(X, y)
    >>> auto.columns_["kind"].to_dict()
    {'title': 'text', 'price': 'number'}
    >>> auto.leaderboard_.columns[:3].tolist()
    ['accuracy', 'accuracy_low', 'accuracy_high']
    >>> auto.predict(X[:2]).shape
    (2,)
    """

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "best_estimator_",
        "classes_",
        "class_prior_",
        "used_columns_",
    )

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "time_budget": [Interval(Real, 0, None, closed="neither"), None],
        "members": [StrOptions({"auto"}), list, tuple],
        "text_encoder": [str, PathLike, None],
        "image_root": [str, PathLike, None],
        "on_error": [StrOptions({"raise", "missing"})],
        "column_kinds": [dict, None],
        "metric": [StrOptions({"accuracy", "macro_f1", "log_loss"})],
        "cv": ["cv_object", Hidden(HasMethods(["split"]))],
        "groups": ["array-like", str, None],
        "refit": ["boolean"],
        "on_interrupt": [StrOptions({"keep", "raise"})],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "progress": [callable, None],
    }

    def __init__(
        self,
        time_budget: float | None = 120.0,
        members: Literal["auto"] | Sequence[str] | Sequence[tuple[str, Any]] = "auto",
        *,
        text_encoder: str | PathLike[str] | None = None,
        image_encoder: Any = None,
        image_root: str | PathLike[str] | None = None,
        on_error: Literal["raise", "missing"] = "raise",
        column_kinds: Mapping[str, str] | None = None,
        metric: Metric = "accuracy",
        cv: Any = 5,
        groups: Any = None,
        refit: bool = True,
        on_interrupt: Literal["keep", "raise"] = "keep",
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int | bool = 0,
        progress: Callable[[FitProgress], object] | None = None,
    ) -> None:
        self.time_budget = time_budget
        self.members = members
        self.text_encoder = text_encoder
        self.image_encoder = image_encoder
        self.image_root = image_root
        self.on_error = on_error
        self.column_kinds = column_kinds
        self.metric = metric
        self.cv = cv
        self.groups = groups
        self.refit = refit
        self.on_interrupt = on_interrupt
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.progress = progress

    def fit(self, X: Any, y: Any) -> Self:
        """Choose, fit and combine members within the time budget.

        Parameters
        ----------
        X : table or array-like of shape (n_samples, n_columns)
            The products: a table with columns of texts, images and numbers, or one
            column of texts or images.

        y : array-like of shape (n_samples,)
            The categories.

        Returns
        -------
        self : AutoClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter is invalid, no column can be used, or there is only one
            category, or one row of each.
        """
        self._validate_params()
        budget = Budget(self.time_budget)
        reporter = Reporter(budget, self.verbose, self.progress)
        try:
            table = table_of(X)
            _check_feature_names(self, X, reset=True)
            self._fit(table, y, budget, reporter)
        finally:
            reporter.close()
        return self

    def _fit(
        self, table: pd.DataFrame, y: Any, budget: Budget, reporter: Reporter
    ) -> None:
        reporter.step("look at the columns")
        self.classes_, targets = encode_labels(y)
        check_consistent_length(table, targets)
        self.class_prior_ = np.bincount(targets) / len(targets)
        self.n_features_in_ = table.shape[1]
        groups = find_groups(self.groups, table, len(targets))
        columns, candidates = self._choose(table)
        names = [name for name in table if columns.loc[name, "kind"] != "ignore"]
        seed = draw_seeds(self.random_state)["weights"]
        labels = self.classes_[targets]
        budget.reserve = finishing_seconds(len(targets), len(self.classes_))
        search = Search(
            X=table[names],
            labels=labels,
            targets=targets,
            budget=budget,
            reporter=reporter,
            make_folds=partial(make_folds, self.cv, labels, targets, groups, seed),
            n_jobs=self.n_jobs,
            seed=seed,
            refits=self.refit,
        )
        search.run(candidates, keep_interrupted=self._keeps_interrupted)
        self._finish(search, columns, names)

    @property
    def _keeps_interrupted(self) -> bool:
        return self.on_interrupt == "keep"

    def _choose(self, table: pd.DataFrame) -> tuple[pd.DataFrame, list[Candidate]]:
        """Describe the columns, and choose candidates for them."""
        group_column = self.groups if isinstance(self.groups, str) else None
        columns = describe_columns(table, self.column_kinds, group_column)
        settings = Settings(
            self.text_encoder, self.image_encoder, self.image_root, self.on_error
        )
        candidates = choose_candidates(self.members, columns, settings)
        if not candidates[0].columns:  # members of the user get all columns
            used = columns.index != group_column
            columns.loc[used, ["kind", "reason"]] = "own", "used by own members"
        return columns, candidates

    def _finish(self, search: Search, columns: pd.DataFrame, names: list[str]) -> None:
        """Combine the members, and set the fitted attributes."""
        search.reporter.step("combine the members")
        if search.folds:
            warn_of_small_classes(self.classes_, search.targets, len(search.folds))
        best = self._choose_best(search)
        self.best_estimator_, self.best_name_ = best.estimator, best.name
        self.leaderboard_, self.comparison_ = best.leaderboard, best.comparison
        for name, reason in best.dropped.items():
            search.note(name, "dropped", reason)
        self.members_ = search.describe()
        self.columns_ = columns
        self.used_columns_ = names
        self.n_folds_ = len(search.folds)
        self.refitted_ = search.refitted
        self.seconds_ = search.budget.elapsed
        if search.interrupted:
            warnings.warn(
                "The fit was interrupted; the result has the "
                f"{count(len(search.crossfits), 'member')} fitted until then.",
                UserWarning,
                stacklevel=4,
            )

    def _choose_best(self, search: Search) -> Choice:
        crossfit = search.joined()
        if not search.folds:
            (name,) = crossfit.names_
            seconds = crossfit.refit_seconds_[name]
            board = board_without_scores(name, seconds, self.metric)
            return Choice(name, crossfit.weighted_voting(), board, None, [name])
        budget = search.budget
        seconds = budget.left + budget.reserve
        best = choose_best(crossfit, self.metric, seconds, search.seed)
        if self.refit and not search.interrupted:
            refitted = search.refit(
                best.members, keep_interrupted=self._keeps_interrupted
            )
            if refitted:
                crossfit.estimators_ = {**crossfit.estimators_, **refitted}
                best = rebuild(best, crossfit)
        return best

    def predict_proba_and_presence(
        self, X: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return class probabilities, and which samples are present for any member.

        Parameters
        ----------
        X : table or array-like of shape (n_samples, n_columns)
            Samples in the form that `fit` took. A table may have more columns, in any
            order, and needs only `used_columns_`.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            The same as :meth:`predict_proba` returns.
        present : ndarray of shape (n_samples,), dtype bool
            False where the sample is missing for every member.
        """
        check_is_fitted(self, "best_estimator_")
        table = select_columns(X, self.used_columns_)
        proba, present = self.best_estimator_.predict_proba_and_presence(table)
        return proba, present

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with tables as arrays, see :func:`amzest.save`."""
        return {name: as_state(v) for name, v in super().__getstate__().items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({name: from_state(v) for name, v in state.items()})

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        return tags
