"""A table and a model, fitted once."""

import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, TextLinearClassifier

TITLES = ["red running shoe", "leather boot", "garden hose", "steel spade"] * 6
CATEGORIES = ["shoes", "shoes", "garden", "garden"] * 6


@pytest.fixture(scope="session")
def table():
    return pd.DataFrame({"title": TITLES, "description": [None, "soft", "", "x"] * 6})


@pytest.fixture(scope="session")
def text_model(table):
    selector = ColumnSelector(["title", "description"])
    model = make_pipeline(selector, TextLinearClassifier(random_state=0))
    return model.fit(table, CATEGORIES)
