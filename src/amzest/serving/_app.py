"""The service: a FastAPI application around a fitted model."""

from __future__ import annotations

import os
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from sklearn.utils._param_validation import Interval

from amzest.distributed._product_predictions import ProductPredictor
from amzest.serving._requests import Limits
from amzest.serving._service import Service
from amzest.utils import require, validate_params

if TYPE_CHECKING:
    from fastapi import FastAPI

_COUNT = [Interval(Integral, 1, None, closed="left")]


@validate_params(
    {
        "image_root": [str, os.PathLike, None],
        "max_body_bytes": _COUNT,
        "max_products": _COUNT,
        "max_pixels": _COUNT,
        "max_explained": _COUNT,
        "max_waiting": _COUNT,
        "body_timeout": [Interval(Real, 0, None, closed="neither")],
        "top_k": _COUNT,
        "n_threads": _COUNT,
        "max_batch_size": _COUNT,
        "metadata": [dict, None],
    }
)
def create_app(
    model: Any,
    *,
    image_root: str | os.PathLike[str] | None = None,
    max_body_bytes: int = 16 * 2**20,
    max_products: int = 1000,
    max_pixels: int = 50_000_000,
    max_explained: int = 10,
    max_waiting: int = 64,
    body_timeout: float = 30.0,
    top_k: int = 5,
    n_threads: int = 1,
    max_batch_size: int = 256,
    metadata: dict[str, Any] | None = None,
) -> FastAPI:
    """Create a web service that predicts the categories of products.

    Parameters
    ----------
    model : classifier
        A fitted classifier or pipeline with `predict_proba`.

    image_root : str or path-like, default=None
        Folder that paths of images are relative to. Paths that lead out of it, also by
        symbolic links, are rejected. With None, images are accepted as bytes only. The
        service never fetches a URL.

    max_body_bytes : int, default=16777216
        Maximum size of the body of a request; larger ones get the status 413.

    max_products : int, default=1000
        Maximum number of products of a request; more get the status 413.

    max_pixels : int, default=50000000
        Maximum width times height of an image, which is read from its header; larger
        ones get the status 413.

    max_explained : int, default=10
        Maximum number of products of a request that asks for explanations.

    max_waiting : int, default=64
        Maximum number of requests that wait for a thread; more get the status 503.

    body_timeout : float, default=30.0
        Seconds in which the body of a request must arrive; otherwise the status is 408.

    top_k : int, default=5
        Number of most probable categories in an answer, unless the request has another.

    n_threads : int, default=1
        Number of threads that predict. More are useful for models that compute most of
        the time outside of Python; explanations have a thread of their own.

    max_batch_size : int, default=256
        Requests that wait at the same time are predicted together, up to this number
        of products. With 1 each request is predicted by itself.

    metadata : dict, default=None
        Values of JSON that ``GET /model`` returns in addition.

    Returns
    -------
    app : fastapi.FastAPI
        The application, to be run by an ASGI server such as uvicorn.

    Raises
    ------
    ImportError
        If FastAPI is not installed.
    NotFittedError
        If `model` is not fitted.
    TypeError
        If `model` is not a classifier with `predict_proba`.
    ValueError
        If `image_root` is not a folder, or a parameter is out of range.

    See Also
    --------
    amzest.load : Loads a model from a file.
    amzest.meta.ReviewThresholdClassifier : Marks predictions for review.

    Notes
    -----
    ``POST /predict`` takes ``{"products": [...]}``, with one object per product, whose
    names are the columns of the model, and optionally ``"top_k"`` and ``"explain"``. It
    returns ``{"predictions": [...]}``. ``GET /model`` describes the model, ``GET
    /health`` is answered as soon as the process is running, and ``GET /ready`` has the
    status 200 once the model can predict. Errors are ``{"detail": "..."}``.
    :doc:`/user_guide/serving` describes all fields.

    Examples
    --------
    >>> from fastapi.testclient import TestClient
    >>> from amzest import TextLinearClassifier
    >>> from amzest.serving import create_app
    >>> titles = ["red running shoe", "leather boot", "garden hose", "steel spade"]
    >>> categories = ["shoes", "shoes", "garden", "garden"]
    >>> model = TextLinearClassifier(random_state=0).fit(titles * 8, categories * 8)
    >>> with TestClient(create_app(model)) as client:
    ...     answer = client.post("/predict", json={"products": [{"text": "boots"}]})
    >>> answer.json()["predictions"][0]["category"]
    'shoes'
    """
    require("fastapi", extra="serve", purpose="create_app")
    root = None if image_root is None else os.path.realpath(os.fspath(image_root))
    if root is not None and not os.path.isdir(root):
        msg = f"`image_root` {root!r} is not a folder. Check the spelling."
        raise ValueError(msg)
    service = Service(
        ProductPredictor(model),
        Limits(max_body_bytes, max_products, max_pixels, max_explained),
        image_root=root,
        body_timeout=body_timeout,
        top_k=top_k,
        n_threads=n_threads,
        max_waiting=max_waiting,
        max_batch_size=max_batch_size,
        metadata=metadata or {},
    )
    # It imports FastAPI.
    from amzest.serving._routes import build_app

    return build_app(service)
