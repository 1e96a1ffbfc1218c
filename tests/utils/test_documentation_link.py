import inspect

import pytest
from public_api import shortest_paths
from sklearn.base import BaseEstimator, is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr

from amzest import ColumnSelector, TextCNNClassifier
from amzest.utils import DOCUMENTATION_URL


def public_estimators():
    """Return the estimators that users import, by their shortest path."""
    return {
        path: thing
        for path, thing in shortest_paths().items()
        if inspect.isclass(thing) and issubclass(thing, BaseEstimator)
    }


def fresh(estimator):
    """Return an estimator, around others where it needs some."""
    linear = LogisticRegression()
    inner = {
        "estimator": linear,
        "estimators": [("linear", linear)],
        "columns": "title",
        "model": "minilm",
    }
    needed = [
        parameter.name
        for parameter in inspect.signature(estimator).parameters.values()
        if parameter.default is inspect.Parameter.empty
    ]
    return estimator(**{name: inner[name] for name in needed})


def test_there_are_estimators_to_check():
    paths = public_estimators()
    assert len(paths) >= 12
    assert {"amzest.TextCNNClassifier", "amzest.ensemble.CrossFit"} <= paths.keys()


@pytest.mark.parametrize("path", public_estimators())
def test_link_leads_to_the_page_of_the_shortest_path(path):
    estimator = fresh(public_estimators()[path])
    link = f"{DOCUMENTATION_URL}/api/generated/{path}.html"
    assert estimator._get_doc_link() == link
    assert f'href="{link}"' in estimator_html_repr(estimator)


def test_subclass_of_a_user_has_no_link():
    class OurClassifier(TextCNNClassifier):
        pass

    assert is_classifier(OurClassifier())
    assert OurClassifier()._get_doc_link() == ""


def test_pipeline_links_to_both_projects():
    html = estimator_html_repr(
        make_pipeline(ColumnSelector("title"), TextCNNClassifier())
    )
    assert "amzest.ColumnSelector.html" in html
    assert "amzest.TextCNNClassifier.html" in html
    assert "sklearn.pipeline.Pipeline.html" in html
