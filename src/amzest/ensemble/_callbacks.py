"""scikit-learn's callbacks in fits that are made of other fits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from sklearn.callback._base import AutoPropagatedCallback

Context = Any  # sklearn.callback.CallbackContext


def has_listeners(estimator: Any) -> bool:
    """Tell whether an estimator, or one that it is fitted in, may have callbacks."""
    return hasattr(estimator, "_skl_callbacks") or hasattr(
        estimator, "_parent_callback_ctx"
    )


@contextmanager
def reported_fit(
    estimator: Any, X: Any, y: Any, n_tasks: int = 1, *, predicts: bool = True
) -> Iterator[Context]:
    """Tell callbacks of the fit of an estimator, from here to the end of the block.

    Parameters
    ----------
    estimator : estimator
        Its `fit` is decorated with scikit-learn's `with_callbacks`.

    X, y : array-like
        What it is fitted on.

    n_tasks : int, default=1
        Number of fits that it is made of; each is a subcontext.

    predicts : bool, default=True
        Whether the estimator can predict once the block has ended.

    Yields
    ------
    CallbackContext
        The task of the whole fit.
    """
    context = estimator._init_callback_context(max_subtasks=n_tasks)
    context.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
    yield context
    context.call_on_fit_task_end(
        estimator=estimator,
        X=X,
        y=y,
        reconstruction_attributes={} if predicts else None,
    )


@contextmanager
def reported_task(
    caller: Any, context: Context | None, estimator: Any, X: Any, y: Any
) -> Iterator[None]:
    """Tell callbacks of one fit within that of another estimator.

    Parameters
    ----------
    caller : estimator
        Whose fit is under way.

    context : CallbackContext or None
        The task; None tells nobody.

    estimator : estimator
        What is fitted in the block. Callbacks of `caller` propagate to it if it
        supports callbacks, and has none that propagate from itself on.

    X, y : array-like
        What it is fitted on.
    """
    if context is None or not has_listeners(caller):
        yield
        return
    own = getattr(estimator, "_skl_callbacks", ())
    follows = hasattr(estimator, "set_callbacks") and not any(
        isinstance(callback, AutoPropagatedCallback) for callback in own
    )
    with ExitStack() as stack:
        if follows:
            stack.enter_context(context.propagate_callback_context(estimator))
        context.call_on_fit_task_begin(estimator=caller, X=X, y=y)
        yield
    context.call_on_fit_task_end(estimator=caller, X=X, y=y)
