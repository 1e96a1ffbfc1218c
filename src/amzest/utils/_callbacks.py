"""scikit-learn's callbacks in fits that consist of other fits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Client, Listener
from threading import Thread
from typing import Any, Self

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


def report_task(caller: Any, context: Context, X: Any, y: Any) -> None:
    """Report to the callbacks of `caller` a task that a worker has completed."""
    context.call_on_fit_task_begin(estimator=caller, X=X, y=y)
    context.call_on_fit_task_end(estimator=caller, X=X, y=y)


class CallbackDoor:
    """Lets a worker find out whether callbacks of scikit-learn can reach the caller.

    Their messages go through a socket in the file system, which does not exist on
    another host: there, the fit would fail. This door is such a socket. A copy of it in
    a worker finds out whether it can be opened.
    """

    def __init__(self) -> None:
        self.key = os.urandom(32)
        self._listener: Any = Listener(authkey=self.key, backlog=128)
        self.address = self._listener.address
        Thread(target=self._answer, args=(self._listener,), daemon=True).start()

    def __getstate__(self) -> dict[str, Any]:
        return {"address": self.address, "key": self.key, "_listener": None}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.close()

    @staticmethod
    def _answer(listener: Listener) -> None:
        while True:
            try:
                listener.accept().close()
            except EOFError:
                continue  # a worker that has ended
            except OSError:
                return  # closed

    def is_open(self) -> bool:
        """Return whether this process can reach the one that created the door."""
        try:
            Client(self.address, authkey=self.key).close()
        except (OSError, EOFError):
            return False
        return True
