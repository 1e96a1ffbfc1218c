"""scikit-learn's callbacks in fits that consist of other fits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from sklearn.callback._base import AutoPropagatedCallback

Context = Any  # sklearn.callback.CallbackContext


def has_listeners(estimator: Any) -> bool:
    """Return whether an estimator or one around it may have callbacks."""
    return hasattr(estimator, "_skl_callbacks") or hasattr(
        estimator, "_parent_callback_ctx"
    )


@contextmanager
def reported_fit(
    estimator: Any,
    X: Any,
    y: Any,
    n_tasks: int = 1,
    *,
    predicts: bool = True,
    metadata: dict[str, Any] | None = None,
) -> Iterator[Context]:
    """Report the block to callbacks as the fit of an estimator, of `n_tasks` subtasks.

    The `fit` is decorated with scikit-learn's `with_callbacks`. `predicts` is whether
    the estimator has predictions to be scored once the block has ended.
    """
    context = estimator._init_callback_context(max_subtasks=n_tasks)
    reported = {"X": X, "y": y, "metadata": metadata}
    context.call_on_fit_task_begin(estimator=estimator, **reported)
    yield context
    context.call_on_fit_task_end(
        estimator=estimator,
        **reported,
        reconstruction_attributes={} if predicts else None,
    )


@contextmanager
def reported_task(
    caller: Any, context: Context | None, estimator: Any, X: Any, y: Any
) -> Iterator[None]:
    """Report the block to the callbacks of `caller` as the fit of another estimator.

    They propagate to that estimator unless it has propagating callbacks of its own.
    Nothing is reported if `context` is None.
    """
    if context is None or not has_listeners(caller):
        yield
        return
    # scikit-learn raises an error if an estimator has propagated callbacks from both
    # itself and the estimator around it; those of the member win.
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
