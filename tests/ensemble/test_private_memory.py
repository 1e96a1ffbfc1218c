"""The cache of fitted members is private to the user."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.naive_bayes import GaussianNB

from amzest.ensemble import CrossFit, WeightedVotingClassifier
from amzest.ensemble._private_memory import private_memory

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")

X, Y = make_classification(60, random_state=0)
MEMBERS = [("bayes", GaussianNB())]


@pytest.fixture(params=[0o000, 0o002, 0o022, 0o077])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder):
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    return {stat.S_IMODE(path.stat().st_mode) for path in folders}


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("kind", [str, Path])
def test_all_folders_are_private(tmp_path, kind):
    folder = tmp_path / "new" / "cache"
    CrossFit(MEMBERS, cv=2, memory=kind(folder)).fit(X, Y)
    assert modes(tmp_path / "new") == {0o700}
    assert len(list(folder.rglob("output.pkl"))) == 3


def test_folders_made_by_other_processes_are_private(tmp_path):
    before = os.umask(0)
    try:
        vote = WeightedVotingClassifier(
            [*MEMBERS, ("wide", GaussianNB(var_smoothing=1e-3))],
            weights="learn",
            cv=2,
            memory=str(tmp_path / "cache"),
            n_jobs=2,
        ).fit(X, Y)
    finally:
        os.umask(before)
    assert modes(tmp_path / "cache") == {0o700}
    assert len(vote.weights_) == 2


def test_cached_fits_are_found_again(tmp_path, capsys):
    runs = [
        CrossFit(MEMBERS, cv=2, memory=str(tmp_path / "cache")).fit(X, Y)
        for _ in range(2)
    ]
    first, again = runs
    np.testing.assert_array_equal(first.oof_proba_["bayes"], again.oof_proba_["bayes"])
    # The seconds are those of the fit that was cached.
    np.testing.assert_array_equal(
        first.fit_seconds_["bayes"], again.fit_seconds_["bayes"]
    )
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o702, 0o757])
@pytest.mark.parametrize("inner", [False, True])
def test_folder_writable_by_all_users_is_an_error(tmp_path, mode, inner):
    folder = tmp_path / "cache"
    (folder / "joblib").mkdir(parents=True)
    (folder / "joblib" if inner else folder).chmod(mode)
    with pytest.raises(ValueError, match=r"is writable by all users\. Loading a"):
        CrossFit(MEMBERS, cv=2, memory=str(folder)).fit(X, Y)
    assert list(folder.rglob("*.pkl")) == []


def test_folder_writable_by_the_group_gives_a_warning(tmp_path):
    tmp_path.chmod(0o770)
    with pytest.warns(UserWarning, match="is writable by its group"):
        CrossFit(MEMBERS, cv=2, memory=str(tmp_path)).fit(X, Y)


def test_folder_readable_by_others_is_used(tmp_path):
    tmp_path.chmod(0o755)
    CrossFit(MEMBERS, cv=2, memory=str(tmp_path)).fit(X, Y)
    assert modes(tmp_path / "joblib") == {0o700}


@pytest.mark.parametrize("memory", [None, joblib.Memory(None), object()])
def test_other_objects_are_returned_unchanged(memory):
    assert private_memory(memory) is memory
