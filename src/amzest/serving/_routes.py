"""The routes of the service, and the status of each error."""

from __future__ import annotations

import logging
from importlib.metadata import version
from typing import Any

# FastAPI reads the annotations of routes among the names of this module.
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from amzest.serving._body import read_body
from amzest.serving._openapi import prediction_schema
from amzest.serving._prediction_queue import QueueFull
from amzest.serving._request_error import RequestError
from amzest.serving._service import Service

_LOGGER = logging.getLogger("amzest.serving")


def build_app(service: Service) -> FastAPI:
    """Return the application with its routes."""
    # The pages with documentation load scripts from other servers.
    app = FastAPI(
        title="amzest",
        version=version("amzest"),
        docs_url=None,
        redoc_url=None,
        lifespan=service.running,
    )

    schema = prediction_schema(service.predictor, service.limits)

    @app.post("/predict", openapi_extra=schema, response_model=None)
    async def predict(request: Request) -> JSONResponse:
        try:
            body = await read_body(
                request, service.limits.body_bytes, service.body_timeout
            )
            return JSONResponse(await service.answer(body))
        except Exception as error:
            return _error_response(error)

    @app.get("/model")
    async def model() -> dict[str, Any]:
        return service.describe()

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ready", response_model=None)
    async def ready() -> JSONResponse:
        if service.not_ready is not None:
            return _failed(503, service.not_ready)
        return JSONResponse({"status": "ready"})

    return app


def _error_response(error: Exception) -> JSONResponse:
    """Return the response to a request that raised an error."""
    if isinstance(error, RequestError):
        return _failed(error.status, str(error))
    if isinstance(error, QueueFull):
        message = "Too many requests are waiting. Try again later."
        return _failed(503, message, **{"Retry-After": "1"})
    if isinstance(error, ValueError):
        # Of the model: an image that cannot be decoded, a text where it expects a
        # number. The log has the traceback, in case that it is an error of ours.
        _LOGGER.info("A request was rejected.", exc_info=error)
        return _failed(422, f"The model cannot predict these products: {error}")
    if isinstance(error, ImportError):
        _LOGGER.error("A package is missing.", exc_info=error)
        return _failed(501, str(error))
    _LOGGER.error("A prediction failed.", exc_info=error)
    return _failed(500, "The prediction failed. The log has the reason.")


def _failed(status: int, message: str, **headers: str) -> JSONResponse:
    # Half characters of a request cannot be encoded in an answer.
    text = message.encode("utf-8", "replace").decode("utf-8")
    return JSONResponse({"detail": text}, status, headers or None)
