"""The learnt attributes of an estimator: replaced, read and saved as a whole."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from amzest.utils._saved_state import check_saved_state, package_version

#: Methods that learn, and methods that read what was learnt.
_FITTING = {"fit", "fit_without_folds", "adopt"}
_READING = {
    "classes_at",
    "get_feature_names_out",
    "predict",
    "predict_at",
    "predict_log_proba",
    "predict_proba",
    "predict_proba_and_presence",
    "predict_proba_at",
    "score",
    "transform",
}

#: Stand-in -> the estimator that it stands in for, while a method runs.
_OWNERS: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


class FittedStateMixin:
    """Change learnt attributes all at once, and check them when they are loaded.

    `fit` works on a stand-in with the same parameters and without learnt attributes.
    When it has ended, what it set is given to the estimator in one assignment. A fit
    that is interrupted or raises therefore leaves the estimator as it was, and other
    threads see what was there before until the new state is complete. Methods that
    predict keep to the state that they started with. Subclasses inherit this for the
    methods that they define themselves.

    A saved estimator carries the version of amzest. One of another version gives a
    warning when it is loaded; one that this version cannot use is an error.
    """

    #: Learnt attributes that predictions need. The first tells whether it is fitted.
    _needed_attributes: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, method in list(vars(cls).items()):
            if name in _FITTING:
                setattr(cls, name, _fit_as_a_whole(method))
            elif name in _READING:
                setattr(cls, name, _read_as_a_whole(method))

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()
        return {**(state or {}), "_amzest_version": package_version()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        version = state.pop("_amzest_version", None)
        super().__setstate__(state)  # type: ignore[misc]
        check_saved_state(self, self._needed_attributes, version)


def owner_of(estimator: Any) -> Any:
    """Return the estimator that a user holds, also within its methods."""
    return _OWNERS.get(estimator, estimator)


def _stand_in(estimator: Any, state: dict[str, Any]) -> Any:
    """Return another object of the same class, with this dict of attributes."""
    other = object.__new__(type(estimator))
    other.__dict__ = state
    _OWNERS[other] = estimator
    return other


def _fit_as_a_whole(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self in _OWNERS:  # one step of a fit that has begun
            return method(self, *args, **kwargs)
        before = _without_learnt(self)
        fitting = _stand_in(self, dict(before))
        result = method(fitting, *args, **kwargs)
        del _OWNERS[fitting]
        new, old = _merged(self, before, vars(fitting)), vars(self)
        try:
            self.__dict__ = new
            return self if result is fitting else result
        except BaseException:  # an interruption after the last step of the fit
            self.__dict__ = old
            raise

    return fit


def _read_as_a_whole(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def read(self: Any, *args: Any, **kwargs: Any) -> Any:
        # A fit in another thread gives `self` another dict: this one stays as it is.
        reader = self if self in _OWNERS else _stand_in(self, vars(self))
        return method(reader, *args, **kwargs)

    return read


def _without_learnt(estimator: Any) -> dict[str, Any]:
    """Return attributes but those that scikit-learn's convention marks as learnt."""
    return {
        name: value
        for name, value in dict(vars(estimator)).items()
        if not name.endswith("_") or name.startswith("__")
    }


def _merged(
    estimator: Any, before: dict[str, Any], after: dict[str, Any]
) -> dict[str, Any]:
    """Return attributes of an estimator with the changes that its fit made.

    What was changed on the estimator itself meanwhile, such as a parameter set in
    another thread, is kept.
    """
    kept = {
        name: value
        for name, value in _without_learnt(estimator).items()
        if name not in before or name in after
    }
    missing = object()
    changed = {
        name: value
        for name, value in after.items()
        if before.get(name, missing) is not value
    }
    return kept | changed
