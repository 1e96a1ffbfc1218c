"""Classifiers that tell how often they were fitted, and what they may read."""

import os

import numpy as np
from sklearn.naive_bayes import GaussianNB


class CountingClassifier(GaussianNB):
    """Counts the fits of all its copies in this process."""

    n_fits = 0

    def fit(self, X, y, sample_weight=None):
        type(self).n_fits += 1
        return super().fit(X, y, sample_weight)


def file_sizes(paths):
    """Read of each file how many bytes it has."""
    return np.array([[os.path.getsize(path)] for path in paths])
