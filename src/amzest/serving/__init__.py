"""A web service that predicts the categories of products (FastAPI)."""

from amzest.serving._app import create_app

__all__ = ["create_app"]
