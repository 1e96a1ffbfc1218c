"""Estimators whose class is pickled by value, as that of a notebook is."""

import pandas as pd

from amzest import ColumnSelector

try:
    import cloudpickle
except ImportError:  # older versions of joblib contain it
    from joblib.externals import cloudpickle


def test_a_class_with_methods_of_its_own_is_sent_to_workers():
    class Selector(ColumnSelector):
        def fit(self, X, y=None):
            return super().fit(X, y)

        def transform(self, X):
            return super().transform(X)

    X = pd.DataFrame({"title": ["mug", "lamp"]})
    sent = cloudpickle.dumps(Selector("title").fit(X))
    assert b"_OWNERS" not in sent
    assert cloudpickle.loads(sent).transform(X).tolist() == ["mug", "lamp"]
