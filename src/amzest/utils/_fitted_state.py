"""The fitted attributes of an estimator: replaced, read and saved as a whole."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from amzest.utils._saved_state import check_saved_state, package_version

#: Methods that set fitted attributes, and methods that only read them.
_FITTING = {"fit", "fit_without_folds", "adopt", "partial_fit"}
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

#: Substitute -> the estimator of the user, while a method runs.
_OWNERS: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


class FittedStateMixin:
    """Replace fitted attributes all at once, and validate them when they are loaded.

    `fit` runs on a substitute with the same parameters and no fitted attributes, whose
    attributes the estimator receives in one assignment when it has ended. If a fit is
    interrupted or raises, the estimator stays as it was; other threads see the old
    state until the new one is complete. Methods that predict use the state at their
    start throughout. Subclasses inherit this for the methods that they define.

    A saved estimator contains the version of amzest. Loading one of another version
    warns; loading one that this version cannot use raises.
    """

    #: Fitted attributes that predictions need. The first marks a fitted estimator.
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
    """Return the estimator that a user has, also from within its methods."""
    return _OWNERS.get(estimator, estimator)


def reading_with(estimator: Any, **attributes: Any) -> Any:
    """Return a substitute of a fitted estimator with other values of some attributes.

    It shares the fitted state, and the live network, of the estimator.
    """
    return _substitute(estimator, {**vars(estimator), **attributes})


def former_state(estimator: Any) -> dict[str, Any]:
    """Return the fitted attributes that an estimator had before the present fit.

    The dict is empty if it was not fitted.
    """
    return {
        name: value
        for name, value in dict(vars(owner_of(estimator))).items()
        if name.endswith("_") and not name.startswith("__")
    }


def copy_feature_attributes(estimator: Any, inner: Any) -> None:
    """Copy `n_features_in_` and `feature_names_in_` where a fitted one has them."""
    for name in ("n_features_in_", "feature_names_in_"):
        value = getattr(inner, name, None)
        if value is not None:
            setattr(estimator, name, value)


def _substitute(estimator: Any, state: dict[str, Any]) -> Any:
    """Return another object of the same class with this dict of attributes."""
    other = object.__new__(type(estimator))
    other.__dict__ = state
    _OWNERS[other] = estimator
    return other


# Classes of a notebook are pickled by value for worker processes, together with the
# globals of their methods. The wrappers therefore use functions of this module alone,
# which are pickled by name: `_OWNERS` cannot be pickled.


def _fit_as_a_whole(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _call_fitting(method, self, args, kwargs)

    return fit


def _call_fitting(
    method: Callable[..., Any], self: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    if self in _OWNERS:  # called by another method of the fit
        return method(self, *args, **kwargs)
    before = _without_fitted(self)
    fitting = _substitute(self, dict(before))
    result = method(fitting, *args, **kwargs)
    del _OWNERS[fitting]
    new, old = _merged(self, before, vars(fitting)), vars(self)
    try:
        self.__dict__ = new
        return self if result is fitting else result
    except BaseException:  # KeyboardInterrupt after the last step of the fit
        self.__dict__ = old
        raise


def _read_as_a_whole(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def read(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _call_reading(method, self, args, kwargs)

    return read


def _call_reading(
    method: Callable[..., Any], self: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    # A fit in another thread assigns another dict to `self`, and leaves this one.
    reading = self if self in _OWNERS else _substitute(self, vars(self))
    return method(reading, *args, **kwargs)


def _without_fitted(estimator: Any) -> dict[str, Any]:
    """Return the attributes that scikit-learn's naming does not mark as fitted."""
    return {
        name: value
        for name, value in dict(vars(estimator)).items()
        if not name.endswith("_") or name.startswith("__")
    }


def _merged(
    estimator: Any, before: dict[str, Any], after: dict[str, Any]
) -> dict[str, Any]:
    """Return the attributes of an estimator with the changes of its fit.

    Changes to the estimator during the fit are kept, such as a parameter that another
    thread has set.
    """
    kept = {
        name: value
        for name, value in _without_fitted(estimator).items()
        if name not in before or name in after
    }
    missing = object()
    changed = {
        name: value
        for name, value in after.items()
        if before.get(name, missing) is not value
    }
    return kept | changed
