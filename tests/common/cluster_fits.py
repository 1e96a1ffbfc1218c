"""A classifier and callbacks, importable in the workers of a cluster."""

import os
from pathlib import Path

from amzest import TextLinearClassifier
from amzest.utils import CallbackDoor


class EndsOnce(TextLinearClassifier):
    """Ends the process of the worker in the first fit, as the kernel does."""

    def __init__(self, mark=None, random_state=None):
        super().__init__(random_state=random_state)
        self.mark = mark

    def fit(self, X, y):
        mark = Path(self.mark)
        if not mark.exists():
            mark.touch()
            os._exit(1)
        return super().fit(X, y)


class ClosedDoor(CallbackDoor):
    """A door whose address does not exist where it is unpickled, as on other hosts."""

    def __getstate__(self):
        return {**super().__getstate__(), "address": "/nowhere/listener"}


class Counter:
    """Counts the tasks of each name; in a worker, it would count for nobody."""

    def __init__(self):
        self.names = []

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context):
        self.names.append(context.task_name)
