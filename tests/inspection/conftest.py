import pandas as pd
import pytest
from few_titles import KINDS, TITLES
from sklearn.pipeline import make_pipeline

from amzest.compose import ColumnSelector
from amzest.text import TextLinearClassifier


@pytest.fixture(scope="package")
def linear():
    return TextLinearClassifier(random_state=0).fit(TITLES, KINDS)


@pytest.fixture(scope="package")
def table():
    """Products with a second text column, missing cells and a column of numbers."""
    notes = ["for sports", None, "ten metres", "", "long", "for sports"]
    return pd.DataFrame(
        {
            "price": range(32),
            "title": [*TITLES[:30], None, None],
            "note": [*(notes * 6)[:31], None],
        }
    )


@pytest.fixture(scope="package")
def two_columns(table):
    model = make_pipeline(
        ColumnSelector(["title", "note"]), TextLinearClassifier(random_state=0)
    )
    return model.fit(table, KINDS)
