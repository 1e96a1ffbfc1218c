"""The body of a request, read up to a limit of bytes and of seconds."""

from __future__ import annotations

import asyncio
from typing import Any

from amzest.serving._request_error import RequestError


async def read_body(request: Any, max_bytes: int, timeout: float) -> bytes:
    """Return the body; RequestError if it is no JSON, too large or too slow."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RequestError(
            415, 'The header "Content-Type" must be "application/json" (curl --json).'
        )
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > max_bytes:
        raise _too_large(max_bytes)
    parts: list[bytes] = []
    n_bytes = 0
    try:
        async with asyncio.timeout(timeout):
            async for part in request.stream():
                n_bytes += len(part)
                if n_bytes > max_bytes:
                    raise _too_large(max_bytes)
                parts.append(part)
    except TimeoutError:
        raise RequestError(
            408, f"The body did not arrive within {timeout:g} seconds."
        ) from None
    return b"".join(parts)


def _too_large(max_bytes: int) -> RequestError:
    return RequestError(
        413, f"The body is larger than the limit of {max_bytes:,} bytes."
    )
