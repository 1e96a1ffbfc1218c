"""The HTML diagram of an ensemble shows its members."""

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from amzest.ensemble import (
    CalibratedClassifier,
    CrossFit,
    MissingAwareStackingClassifier,
    WeightedVotingClassifier,
)

MEMBERS = [
    ("first member", GaussianNB()),
    ("second member", make_pipeline(StandardScaler(), LogisticRegression())),
]
IN_DIAGRAM = ["first member", "second member", "GaussianNB", "StandardScaler"]


@pytest.mark.parametrize(
    ("estimator", "shown"),
    [
        (CrossFit(MEMBERS), IN_DIAGRAM),
        (WeightedVotingClassifier(MEMBERS), IN_DIAGRAM),
        (MissingAwareStackingClassifier(MEMBERS), [*IN_DIAGRAM, "final_estimator"]),
        (
            MissingAwareStackingClassifier(MEMBERS[:1], LogisticRegression()),
            ["first member", "GaussianNB", "LogisticRegression"],
        ),
        (CalibratedClassifier(MEMBERS[1][1]), ["StandardScaler", "LogisticRegression"]),
    ],
)
def test_diagram_shows_members(estimator, shown):
    html = estimator_html_repr(estimator)
    # Each is a box of its own, and not only a value in the table of parameters.
    boxes = html.split("sk-toggleable__label")[1:]
    labels = " ".join(box[:400] for box in boxes) + " ".join(
        part[:200] for part in html.split('class="sk-label')[1:]
    )
    for name in shown:
        assert name in labels
