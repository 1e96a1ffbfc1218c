"""The base class of all networks: parameters, hooks and fitting."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sized
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, ClassNamePrefixFeaturesOutMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_consistent_length

from amzest.neural._batches import resolve_batch_size
from amzest.neural._engine import Engine, Inputs, TrainingSettings
from amzest.neural._estimator_dataclass import estimator_dataclass
from amzest.neural._live import keep_engine
from amzest.neural._prediction import NetworkPredictionMixin
from amzest.neural._training import BestEpoch, Trainer, TrainingRows, stratified_split
from amzest.utils import (
    DocumentationLinkMixin,
    ParameterValidationMixin,
    apply_class_weight,
    draw_seeds,
    encode_labels,
    owner_of,
    row_weights,
)


@estimator_dataclass
class BaseNeuralClassifier(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    ClassifierMixin,
    NetworkPredictionMixin,
    DocumentationLinkMixin,
    ParameterValidationMixin,
    BaseEstimator,
):
    """Base class of classifiers that train a network, for any kind of input.

    A subclass declares its parameters and defines how samples are read (`_read`,
    `_learn_encoding`, `_encode`) and which network classifies them (`_architecture`,
    `_build_engine`). Labels, weights, missing samples, the validation split, early
    stopping, callbacks and fitted state are handled here.

    Parameters
    ----------
    learning_rate : float
        Peak learning rate of AdamW. It increases linearly for the first tenth of all
        steps, then decreases to zero along a cosine.
    weight_decay : float
        Decoupled weight decay of weight matrices. Biases and normalisation parameters
        are not decayed.
    label_smoothing : float
        Part of the target probability that is spread evenly over all classes. Larger
        values make the network less confident.
    dropout : float
        Dropout rate before the last layer.
    batch_size : int or "auto"
        Number of samples per training step. With "auto" it grows with the training
        set, up to a maximum.
    max_epochs : int
        Number of passes over the training samples, and the length of the learning rate
        schedule.
    class_weight : dict, "balanced" or None
        Weights of the classes in the loss: by label, or "balanced" for weights
        inversely proportional to the class frequencies.
    early_stopping : bool
        Whether to hold out validation samples, stop when their accuracy no longer
        improves and restore the weights of the best epoch. If False, all samples are
        trained on for all epochs.
    validation_fraction : float
        Fraction of the samples held out by `early_stopping`, stratified by class.
    n_iter_no_change : int
        Number of epochs without improvement after which `early_stopping` stops.
    tol : float
        Smallest improvement of the validation accuracy (or, at equal accuracy, of the
        log loss) that counts for `n_iter_no_change`.
    device : str
        Device to compute on: "auto" (a GPU if available), "cpu", "cuda" or "cuda:1".
    precision : {"auto", "float32", "bfloat16"}
        Floating-point precision of training. Weights and predictions are always
        float32.
    random_state : int, RandomState instance or None
        Seed of initial weights, shuffling, dropout, augmentation and validation split.
        Pass an int for results that are identical on one machine. Global random number
        generators are not used.
    verbose : int or bool
        If above 0, print a line per epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    class_prior_ : ndarray of shape (n_classes,)
        Weighted class frequencies of the training samples.
    n_iter_ : int
        Number of epochs that were run.
    loss_curve_ : list of float
        Mean training loss of each epoch.
    validation_scores_ : list of float or None
        Validation accuracy of each epoch; None without `early_stopping`.
    net_ : object
        The framework's object around the network, rebuilt on demand.
    weights_ : dict of str to ndarray
        Parameters and buffers of the network by name.
    architecture_ : dict
        Plain values from which the network is rebuilt.
    n_features_in_ : int
        Number of columns seen during `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen during `fit`. Defined only when all names are
        strings.
    """

    learning_rate: float = 0.003
    weight_decay: float = 0.0
    label_smoothing: float = 0.1
    dropout: float = 0.5
    batch_size: int | str = "auto"
    max_epochs: int = 5
    class_weight: dict[Any, float] | str | None = None
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 5
    tol: float = 0.0001
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    random_state: int | np.random.RandomState | None = None
    verbose: int | bool = 0

    #: First parameter of each topic -> the topic, for the list in the docstrings.
    _parameter_topics: ClassVar[dict[str, str]] = {
        "learning_rate": "Training",
        "early_stopping": "Early stopping",
        "device": "Computation and reproducibility",
    }

    #: Values of the parameters with which the common tests fit the class quickly.
    _test_params: ClassVar[dict[str, Any]] = {}

    _needed_attributes: ClassVar[tuple[str, ...]] = (
        "weights_",
        "architecture_",
        "classes_",
        "class_prior_",
        "n_features_in_",
        "_n_features_out",
    )

    #: Batch size "auto": about this many steps per epoch, within these bounds.
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

    # Hooks for subclasses ------------------------------------------------------------

    @abstractmethod
    def _import_framework(self) -> None:
        """Import the framework, or raise an ImportError that names what to install."""

    @abstractmethod
    def _read(self, X: Any, *, reset: bool) -> Sized:
        """Validate `X` and convert it to one form; set feature names if `reset`."""

    @abstractmethod
    def _learn_encoding(
        self, read: Any, rows: NDArray[np.intp], weights: NDArray[np.float64]
    ) -> None:
        """Learn the preprocessing state, such as a vocabulary, from training rows."""

    @abstractmethod
    def _encode(self, read: Any) -> Inputs:
        """Encode samples for the network."""

    def _encode_parts(self, read: Any) -> Iterator[Inputs]:
        """Encode samples for prediction, in one part or in several."""
        yield self._encode(read)

    @abstractmethod
    def _architecture(self, n_classes: int) -> dict[str, Any]:
        """Describe the network in plain values; only here are its parameters read."""

    @abstractmethod
    def _build_engine(
        self, architecture: dict[str, Any], settings: TrainingSettings
    ) -> Engine:
        """Build the untrained network from its description."""

    def _check_columns(
        self, n_columns: int, names: list[str] | None, *, reset: bool
    ) -> None:
        """Set number and names of the columns, or compare them with those of `fit`."""
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
                f"{list(fitted)}. Pass the same columns in the same order."
            )

    def _describe_missing(self, inputs: Inputs) -> str:
        """Return the reason why all samples are missing."""
        return "every cell is missing or blank."

    def _load_pretrained(self, engine: Any) -> None:
        """Load pretrained weights into the untrained network."""

    # Fitting -----------------------------------------------------------------------

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the network to the training data.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_columns)
            Training samples, in the form described by the class.

        y : array-like of shape (n_samples,)
            Class labels: strings, integers, booleans or a pandas categorical.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative sample weights. Samples of weight 0 are ignored.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, a sample, a label or a weight is invalid.
        ImportError
            If the framework of the network is not installed.
        """
        trainer = self._start_training(X, y, sample_weight)
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._run_epochs(trainer, {"X": X, "y": y, "metadata": metadata})
        return self

    def _start_training(self, X: Any, y: Any, sample_weight: Any = None) -> Trainer:
        """Prepare the training data and build the network."""
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
        """Hold out validation rows, learn the encoding from the rest, encode all."""
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
                f"`X` is missing in all of the {len(train)} training rows: "
                f"{self._describe_missing(inputs)}"
            )
        weights = apply_class_weight(weights, self.class_weight, targets, self.classes_)
        train, validation = (rows[inputs.present[rows]] for rows in (train, validation))
        if not weights[train].any():
            raise ValueError(
                "`class_weight` leaves no non-missing training row with a weight above "
                "zero."
            )
        return TrainingRows(
            inputs, targets, weights, train, validation[weights[validation] > 0]
        )

    def _settings(self, seeds: dict[str, int]) -> TrainingSettings:
        return TrainingSettings(
            # Keras accepts no integers here.
            learning_rate=float(self.learning_rate),
            weight_decay=float(self.weight_decay),
            label_smoothing=float(self.label_smoothing),
            seeds=seeds,
            device=self.device,
            precision=self.precision,
        )

    def _run_epochs(self, trainer: Trainer, data: dict[str, Any]) -> None:
        """Train, and call scikit-learn's callbacks around the fit and each epoch."""
        context = self._init_callback_context(max_subtasks=self.max_epochs)
        context.call_on_fit_task_begin(estimator=self, **data)
        for _ in range(self.max_epochs):
            task = context.subcontext(task_name="epoch")
            task.call_on_fit_task_begin(estimator=self, **data)
            stop = trainer.run_epoch()
            self._print_epoch(trainer)
            stop |= task.call_on_fit_task_end(
                estimator=self,
                **data,
                reconstruction_attributes=lambda: self._state_after(trainer),
            )
            if stop:
                break
        self.__dict__.update(self._state_after(trainer), weights_=trainer.finish())
        keep_engine(owner_of(self), self.weights_, trainer.engine)
        context.call_on_fit_task_end(
            estimator=self, **data, reconstruction_attributes={}
        )

    def _state_after(self, trainer: Trainer) -> dict[str, Any]:
        """Return the fitted attributes as of the last epoch."""
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
