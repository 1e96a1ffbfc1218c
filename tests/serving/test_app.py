"""Requests to the service, in one process."""

import logging
import threading
import time

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from amzest import ColumnSelector, TextLinearClassifier
from amzest.meta import HierarchicalClassifier, ReviewThresholdClassifier
from amzest.serving import create_app

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def client(text_model):
    app = create_app(text_model, max_body_bytes=100_000, max_products=20)
    with TestClient(app) as client:
        yield client


def predict(client, *products, **options):
    body = {"products": list(products), **options}
    answer = client.post("/predict", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


def test_predictions_are_those_of_the_model(client, text_model, table):
    products = table.head(8).replace({np.nan: None}).to_dict("records")
    found = predict(client, *products, top_k=2)
    proba = text_model.predict_proba(table.head(8))
    assert [each["category"] for each in found] == text_model.predict(
        table.head(8)
    ).tolist()
    for each, row in zip(found, proba, strict=True):
        by_name = {p["category"]: p["probability"] for p in each["probabilities"]}
        assert by_name == dict(zip(text_model.classes_, row.tolist(), strict=True))
        assert each["confidence"] == each["probabilities"][0]["probability"]
        assert not each["missing"]
        assert "review" not in each


def test_one_product_identifiers_and_missing_texts(client):
    body = {"products": {"title": "boots", "id": 7}, "top_k": 1}
    (one,) = client.post("/predict", json=body).json()["predictions"]
    assert (one["id"], one["category"], len(one["probabilities"])) == (7, "shoes", 1)
    first, second = predict(client, {"id": "a"}, {"title": None, "description": " "})
    assert first["id"] == "a"
    assert second["id"] is None
    assert first["missing"]
    assert second["missing"]


def test_explanations(client):
    first, second = predict(client, {"title": "red boot"}, {}, explain=True)
    words = first["explanation"]["words"]
    assert [(word["column"], word["word"]) for word in words] == [
        ("title", "red"),
        ("title", "boot"),
    ]
    assert all(word["label"] == "shoes" for word in words)
    assert all(isinstance(word["contribution"], float) for word in words)
    assert second["explanation"]["words"] == []


def test_model_describes_itself(client):
    found = client.get("/model").json()
    assert found["classes"] == ["garden", "shoes"]
    assert found["columns"] == [
        {"name": "title", "kind": "text"},
        {"name": "description", "kind": "text"},
    ]
    assert found["limits"]["products"] == 20
    assert "scikit-learn" in found["versions"]
    assert not found["review"]


def test_schema_has_the_columns(client):
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    product = schema["properties"]["products"]["items"]["properties"]
    assert list(product) == ["id", "title", "description"]


def test_no_page_loads_scripts_of_other_servers(client):
    assert client.get("/docs").status_code == 404
    assert client.get("/redoc").status_code == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"[" * 50_000, "nested too deeply"),
        (b'{"a":' * 15_000, "nested too deeply"),
        (b'{"products": [{"title": NaN}]}', "NaN is not part of JSON"),
        (b'{"products": [{"title": Infinity}]}', "Infinity is not part of JSON"),
        (b'{"products": [{"title": "a", "title": "b"}]}', "'title' occurs twice"),
        (b'{"products": [{"title": "\\ud83d"}]}', "half a character"),
        (b'{"products": [{"id": "\\udc00"}]}', "half a character"),
        (b'{"products": [{"\\ud83d": "a"}]}', "unknown name '\\ud83d'"),
        ('{"products": [{"title": "ä"}]}'.encode("latin-1"), "not valid JSON"),
        ('{"products": [{"title": "a"}]}'.encode("utf-16"), "not valid JSON"),
        (b"1" * 5000, "not valid JSON"),
        (b"null", 'a JSON object with "products"'),
        (b"[]", 'a JSON object with "products"'),
        (b'{"title": "a"}', 'a JSON object with "products"'),
        (b'{"products": []}', "one or more objects"),
        (b'{"products": "a"}', "one or more objects"),
        (b'{"products": ["a"]}', "Product 0 is a text, expected an object"),
        (b'{"products": [{}, null]}', "Product 1 is null, expected an object"),
        (b'{"products": [{"titel": "a"}]}', "unknown name 'titel'"),
        (b'{"products": [{}], "topk": 1}', "The request has the unknown name 'topk'"),
        (b'{"products": [{"title": 1984}]}', "'title' is a number, expected a text"),
        (b'{"products": [{}, {"title": ["a"]}]}', "Product 1, 'title' is a list"),
        (b'{"products": [{"title": {}}]}', "'title' is an object"),
        (b'{"products": [{"title": true}]}', "'title' is true or false"),
        (b'{"products": [{"id": 1.5}]}', '"id" is a number'),
        (b'{"products": [{}], "top_k": 0}', '"top_k" must be'),
        (b'{"products": [{}], "top_k": true}', '"top_k" must be'),
        (b'{"products": [{}], "explain": 1}', '"explain" must be'),
    ],
)
def test_hostile_bodies(client, body, message):
    answer = client.post("/predict", content=body, headers=JSON)
    assert answer.status_code == 422
    assert message in answer.json()["detail"]
    assert len(answer.json()["detail"]) < 500


def test_too_many_products_and_bytes(client):
    answer = client.post("/predict", json={"products": [{}] * 21})
    assert answer.status_code == 413
    assert "21 products; the limit is 20" in answer.json()["detail"]
    answer = client.post("/predict", content=b" " * 100_001, headers=JSON)
    assert answer.status_code == 413
    # Without a length, as chunks: it is counted.
    chunks = iter([b" " * 60_000] * 2)
    answer = client.post("/predict", content=chunks, headers=JSON)
    assert answer.status_code == 413
    assert "limit of 100,000 bytes" in answer.json()["detail"]
    answer = client.post("/predict", json={"products": [{}] * 11, "explain": True})
    assert answer.status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_other_content_types(client, kind):
    # Pages of other origins can send these without asking.
    body = b'{"products": [{}]}'
    answer = client.post("/predict", content=body, headers={"content-type": kind})
    assert answer.status_code == 415


def test_review_flag_and_hierarchy(text_model, table):
    proba = text_model.predict_proba(table)
    review = ReviewThresholdClassifier(text_model, review_label="?")
    review.estimator_, review.classes_ = text_model, text_model.classes_
    review.thresholds_ = np.array([np.inf, 0.0])
    with TestClient(create_app(review)) as client:
        assert client.get("/model").json()["review"]
        hose, boot = predict(client, {"title": "hose"}, {"title": "boot"})
    assert (hose["category"], hose["review"]) == ("garden", True)
    assert (boot["category"], boot["review"]) == ("shoes", False)
    tree = HierarchicalClassifier.from_fitted(
        text_model, classes=["home > garden", "home > shoes"], min_probability=1.0
    )
    with TestClient(create_app(tree)) as client:
        (found,) = predict(client, {"title": "hose"})
    assert found["category"] == "home"
    assert {p["category"] for p in found["probabilities"]} == {
        "home > garden",
        "home > shoes",
    }
    assert proba.shape == (24, 2)


def test_model_of_a_list_and_labels_of_other_types():
    model = TextLinearClassifier(random_state=0).fit(["a b", "c d"] * 4, [3, 5] * 4)
    with TestClient(create_app(model)) as client:
        assert client.get("/model").json()["columns"] == [
            {"name": "text", "kind": "text"}
        ]
        (found,) = predict(client, {"text": "c"})
    assert found["category"] == 5


def test_numbers():
    X = pd.DataFrame({"price": [1.0, 2.0, 30.0, 40.0], "id": [1, 2, 3, 4]})
    model = make_pipeline(ColumnSelector(["price"]), LogisticRegression())
    model.fit(X, [False, False, True, True])
    with TestClient(create_app(model)) as client:
        cheap, dear = predict(client, {"price": 1}, {"price": 50.5, "id": "x"})
        assert (cheap["category"], dear["category"]) == (False, True)
        for value in ("1e999", "1" * 400):
            body = f'{{"products": [{{"price": {value}}}]}}'
            answer = client.post("/predict", content=body, headers=JSON)
            assert answer.status_code == 422
            assert "too large a number" in answer.json()["detail"]
        answer = client.post("/predict", json={"products": [{"price": "a"}]})
        assert answer.status_code == 422
        assert "cannot predict these products" in answer.json()["detail"]


class Gate(ClassifierMixin, BaseEstimator):
    """Predicts when a gate is open, and fails at the text "fail"."""

    classes_ = np.array(["a", "b"])
    gate = threading.Event()

    def fit(self, X, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        return self.classes_[[0] * len(X)]

    def predict_proba(self, X):
        assert self.gate.wait(10)
        if "fail" in list(X):
            raise RuntimeError("/secret/path")
        return np.tile([0.75, 0.25], (len(X), 1))


def test_ready_after_the_first_prediction_and_full_queue():
    Gate.gate.clear()
    app = create_app(Gate(), n_threads=1, max_waiting=2)
    with TestClient(app) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/ready").status_code == 503
        answers = []
        body = {"products": [{"text": "a"}]}
        threads = [
            threading.Thread(
                target=lambda: answers.append(client.post("/predict", json=body))
            )
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(answers) == 3)
        assert {answer.status_code for answer in answers} == {503}
        assert answers[0].headers["retry-after"] == "1"
        Gate.gate.set()
        for thread in threads:
            thread.join()
        wait_until(lambda: client.get("/ready").status_code == 200)
    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [503] * 3


def test_unexpected_errors_are_logged_and_not_shown(caplog):
    Gate.gate.set()
    with TestClient(create_app(Gate())) as client:
        answer = client.post("/predict", json={"products": [{"text": "fail"}]})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    errors = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "/secret/path" in str(errors[0].exc_info[1])


def wait_until(condition):
    stop = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < stop
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"image_root": "/nowhere"}, ValueError, "is not a folder"),
        ({"max_products": 0}, ValueError, "'max_products' parameter"),
        ({"body_timeout": 0}, ValueError, "'body_timeout' parameter"),
    ],
)
def test_wrong_arguments(text_model, options, error, message):
    with pytest.raises(error, match=message):
        create_app(text_model, **options)


def test_model_must_be_fitted(text_model):
    for model in (TextLinearClassifier(), clone(text_model)):
        with pytest.raises(NotFittedError):
            create_app(model)
    with pytest.raises(TypeError, match="without `classes_`"):
        create_app("model.amz")
