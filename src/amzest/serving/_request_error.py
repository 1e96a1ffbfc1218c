"""The error of a request that cannot be answered."""

from __future__ import annotations


class RequestError(Exception):
    """A request that cannot be answered: the HTTP status, and why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
