"""The estimator that all networks share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sized
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from amzest.neural._batches import resolve_batch_size
from amzest.neural._early_stopping import BestEpoch
from amzest.neural._engine import Engine, Output, TrainingSettings
from amzest.neural._inputs import Inputs
from amzest.neural._live import keep_engine, live_engine
from amzest.neural._training import Trainer, TrainingRows, forward_rows
from amzest.neural._validation_split import stratified_split
from amzest.utils import (
    DocumentationLinkMixin,
    FittedStateMixin,
    PredictLogProbaMixin,
    apply_class_weight,
    describe_rows,
    draw_seeds,
    encode_labels,
    owner_of,
    row_weights,
)


class BaseNeuralClassifier(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    ClassifierMixin,
    TransformerMixin,
    PredictLogProbaMixin,
    DocumentationLinkMixin,
    FittedStateMixin,
    BaseEstimator,
):
    """Classifier and transformer around a network; knows neither text nor images.

    A concrete class stores its parameters in `__init__` and says how rows are read
    (`_read`, `_learn_encoding`, `_encode`) and which network reads them
    (`_architecture`, `_build_engine`). Everything else is here: labels and weights,
    missing rows, the validation split, early stopping, callbacks and fitted state.

    Attributes
    ----------
    weights_ : dict of str to ndarray
        Parameters and buffers of the fitted network, by name.

    architecture_ : dict
        Plain values from which the network is rebuilt.
    """

    learning_rate: float
    weight_decay: float
    label_smoothing: float
    batch_size: int | str
    max_epochs: int
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    tol: float
    class_weight: dict[Any, float] | str | None
    device: str
    precision: Literal["auto", "float32", "bfloat16"]
    random_state: int | np.random.RandomState | None
    verbose: int | bool

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "weights_",
        "architecture_",
        "classes_",
        "class_prior_",
        "n_features_in_",
        "_n_features_out",
    )

    #: What batch_size="auto" goes by.
    _smallest_auto_batch: ClassVar[int] = 8
    _largest_auto_batch: ClassVar[int] = 64
    _n_auto_steps: ClassVar[int] = 100

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "learning_rate": [Interval(Real, 0, np.inf, closed="neither")],
        "weight_decay": [Interval(Real, 0, np.inf, closed="left")],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "batch_size": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, np.inf, closed="left")],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "device": [str],
        "precision": [StrOptions({"auto", "float32", "bfloat16"})],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    # What a concrete class supplies ------------------------------------------------

    @abstractmethod
    def _import_framework(self) -> None:
        """Import what the network runs on, or say what to install."""

    @abstractmethod
    def _read(self, X: Any, *, reset: bool) -> Sized:
        """Check rows and bring them into one form; learn feature names on reset."""

    @abstractmethod
    def _learn_encoding(
        self, read: Any, rows: NDArray[np.intp], weights: NDArray[np.float64]
    ) -> None:
        """Learn what reading needs, such as a vocabulary, from training rows alone."""

    @abstractmethod
    def _encode(self, read: Any) -> Inputs:
        """Turn rows that were read into what the network takes."""

    def _encode_parts(self, read: Any) -> Iterator[Inputs]:
        """Encode rows to predict, all at once or some after the others, in order."""
        yield self._encode(read)

    @abstractmethod
    def _architecture(self, n_classes: int) -> dict[str, Any]:
        """Return plain values that describe the network."""

    @abstractmethod
    def _build_engine(
        self, architecture: dict[str, Any], settings: TrainingSettings
    ) -> Engine:
        """Build the untrained network."""

    def _check_columns(
        self, n_columns: int, names: list[str] | None, *, reset: bool
    ) -> None:
        """Learn the columns of X, or hold them against those that `fit` saw."""
        if reset:
            self.n_features_in_ = n_columns
            if names is not None:
                self.feature_names_in_ = np.array(names, dtype=object)
            return
        if n_columns != self.n_features_in_:
            raise ValueError(
                f"`X` has {n_columns} columns, but {type(self).__name__} was fitted on "
                f"{self.n_features_in_}."
            )
        fitted = getattr(self, "feature_names_in_", None)
        if names is not None and fitted is not None and list(fitted) != names:
            raise ValueError(
                f"`X` has the columns {names}, but {type(self).__name__} was fitted on "
                f"{list(fitted)}. Give the same columns in the same order."
            )

    def _describe_missing(self, inputs: Inputs) -> str:
        """Say why no row has anything to read."""
        return "every cell is missing or blank."

    def _load_pretrained(self, engine: Any) -> None:
        """Give the untrained network what it need not learn; nothing by default."""

    # Fitting -----------------------------------------------------------------------

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Rows as the class describes them.

        y : array-like of shape (n_samples,)
            Category of each row: strings, integers, booleans or a pandas categorical.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weight of each row. A row of weight 0 is left out.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            When a parameter, a row, a label or a weight cannot be used; the message
            names it.
        ImportError
            When the framework of the network is not installed.
        """
        trainer = self._start_training(X, y, sample_weight)
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._run_epochs(trainer, {"X": X, "y": y, "metadata": metadata})
        return self

    def _start_training(self, X: Any, y: Any, sample_weight: Any = None) -> Trainer:
        """Do all that comes before the first epoch."""
        self._validate_params()
        self._import_framework()
        read = self._read(X, reset=True)
        self.classes_, targets = encode_labels(y)
        check_consistent_length(read, targets)
        weights = row_weights(read, targets, self.classes_, sample_weight)
        priors = np.bincount(targets, weights=weights, minlength=len(self.classes_))
        self.class_prior_ = priors / priors.sum()
        seeds = draw_seeds(self.random_state)

        rows = self._prepare_rows(read, targets, weights, seeds)
        self.architecture_ = self._architecture(len(self.classes_))
        self._n_features_out = int(self.architecture_["n_features_out"])
        engine = self._build_engine(self.architecture_, self._settings(seeds))
        self._load_pretrained(engine)
        return Trainer(
            engine,
            rows,
            batch_size=resolve_batch_size(
                self.batch_size,
                len(rows.train),
                smallest=self._smallest_auto_batch,
                largest=self._largest_auto_batch,
                n_steps=self._n_auto_steps,
            ),
            max_epochs=self.max_epochs,
            learning_rate=self.learning_rate,
            best=BestEpoch(self.n_iter_no_change, self.tol),
            seeds=seeds,
        )

    def _prepare_rows(
        self,
        read: Sized,
        targets: NDArray[np.int64],
        weights: NDArray[np.float64],
        seeds: dict[str, int],
    ) -> TrainingRows:
        """Hold out validation rows, learn the encoding from the others, encode all."""
        train, validation = np.flatnonzero(weights), np.empty(0, dtype=np.intp)
        if self.early_stopping:
            first, second = stratified_split(
                targets[train], self.validation_fraction, seeds["split"]
            )
            train, validation = train[first], train[second]
        self._learn_encoding(read, train, weights)
        inputs = self._encode(read)
        if not inputs.present[train].any():
            raise ValueError(
                f"`X` has nothing to read in any of the {len(train)} training rows: "
                f"{self._describe_missing(inputs)}"
            )
        weights = apply_class_weight(weights, self.class_weight, targets, self.classes_)
        train, validation = (rows[inputs.present[rows]] for rows in (train, validation))
        if not weights[train].any():
            raise ValueError(
                "`class_weight` leaves no training row that has something to read with "
                "a weight above zero."
            )
        return TrainingRows(
            inputs, targets, weights, train, validation[weights[validation] > 0]
        )

    def _settings(self, seeds: dict[str, int]) -> TrainingSettings:
        return TrainingSettings(
            # Keras takes no integers here.
            learning_rate=float(self.learning_rate),
            weight_decay=float(self.weight_decay),
            label_smoothing=float(self.label_smoothing),
            seeds=seeds,
            device=self.device,
            precision=self.precision,
        )

    def _run_epochs(self, trainer: Trainer, told: dict[str, Any]) -> None:
        """Train, telling scikit-learn's callbacks of the fit and of each epoch."""
        context = self._init_callback_context(max_subtasks=self.max_epochs)
        context.call_on_fit_task_begin(estimator=self, **told)
        for _ in range(self.max_epochs):
            task = context.subcontext(task_name="epoch")
            task.call_on_fit_task_begin(estimator=self, **told)
            stop = trainer.run_epoch()
            self._print_epoch(trainer)
            stop |= task.call_on_fit_task_end(
                estimator=self,
                **told,
                reconstruction_attributes=lambda: self._state_after(trainer),
            )
            if stop:
                break
        self.__dict__.update(self._state_after(trainer), weights_=trainer.finish())
        keep_engine(owner_of(self), self.weights_, trainer.engine)
        context.call_on_fit_task_end(
            estimator=self, **told, reconstruction_attributes={}
        )

    def _state_after(self, trainer: Trainer) -> dict[str, Any]:
        """Return what a fit that stopped after this epoch would have learnt."""
        return {
            "weights_": trainer.engine.get_weights(),
            "n_iter_": len(trainer.loss_curve),
            "loss_curve_": list(trainer.loss_curve),
            "validation_scores_": list(trainer.validation_scores) or None,
        }

    def _print_epoch(self, trainer: Trainer) -> None:
        if not self.verbose:
            return
        line = f"Epoch {len(trainer.loss_curve)}/{self.max_epochs}"
        line += f", loss = {trainer.loss_curve[-1]:.4f}"
        if trainer.validation_scores:
            line += f", validation score = {trainer.validation_scores[-1]:.4f}"
        print(f"[{type(self).__name__}] {line}")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    # Using the fitted network ------------------------------------------------------

    @property
    def net_(self) -> Any:
        """The library's own object around the network, rebuilt from `weights_`.

        A skorch ``NeuralNet`` for text, a scikeras ``KerasClassifier`` for images.
        """
        check_is_fitted(self, "weights_")
        return self._engine().net

    def _engine(self) -> Engine:
        return live_engine(owner_of(self), self.weights_, self._rebuild_engine)

    def _rebuild_engine(self) -> Engine:
        self._import_framework()
        return self._build_engine(self.architecture_, self._settings(draw_seeds(0)))

    def _forward(
        self, X: Any, output: Output
    ) -> tuple[NDArray[np.float32], NDArray[np.intp], int]:
        """Return the output for the rows that have something to read, and which."""
        check_is_fitted(self, "weights_")
        engine = self._engine()  # first: it says what is not installed
        read = self._read(X, reset=False)
        width = len(self.classes_) if output == "logits" else self._n_features_out
        outputs, rows = [np.empty((0, width), dtype=np.float32)], []
        n_rows = 0
        for inputs in self._encode_parts(read):
            present = np.flatnonzero(inputs.present)
            if len(present):
                outputs.append(forward_rows(engine, inputs, present, output))
            rows.append(present + n_rows)
            n_rows += len(inputs)
        return np.concatenate(outputs), np.concatenate(rows), n_rows

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of each category.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Rows in the form `fit` took.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`. A row with nothing to read gets
            the class frequencies of the training set.
        """
        return self.predict_proba_and_presence(X)[0]

    def predict_proba_and_presence(
        self, X: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the probability of each category, and which rows were read at all.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Rows in the form `fit` took.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            As :meth:`predict_proba` gives them.
        present : ndarray of shape (n_samples,), dtype bool
            False where a row has nothing to read, and its probabilities are the class
            frequencies. Ensembles leave such a vote out.
        """
        logits, rows, n_rows = self._forward(X, "logits")
        wrong = rows[~np.isfinite(logits).all(axis=1)]
        if len(wrong):
            raise ValueError(
                f"The network has no finite output for {describe_rows(wrong)} of `X`: "
                "its training has diverged. Fit it again with a lower `learning_rate`."
            )
        proba = np.tile(self.class_prior_, (n_rows, 1))
        proba[rows] = softmax(logits.astype(np.float64), axis=1)
        present = np.zeros(n_rows, dtype=bool)
        present[rows] = True
        return proba, present

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable category.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Rows in the form `fit` took.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels of the type `fit` was given.
        """
        best = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[best]
        return labels

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return the activations before the last layer.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Rows in the form `fit` took.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out), dtype float32
            One row of activations; zeros where a row has nothing to read.
        """
        features, rows, n_rows = self._forward(X, "features")
        result = np.zeros((n_rows, self._n_features_out), dtype=np.float32)
        result[rows] = features
        return result
