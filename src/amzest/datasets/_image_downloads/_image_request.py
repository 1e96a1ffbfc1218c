"""One request for one image: it is sent, its response is read or explained."""

from __future__ import annotations

import email.utils
import http.client
import re
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from amzest.datasets._image_downloads._image_address import Address, follow_redirect
from amzest.datasets._image_downloads._image_connection import (
    Connections,
    Exchange,
    ForbiddenAddressError,
    PrivateAddressError,
)
from amzest.datasets._image_downloads._image_outcome import (
    Outcome,
    Result,
    status_failure,
)

_REDIRECTS = (301, 302, 303, 307, 308)
_CHUNK = 64 * 1024
#: The rest of a response of at most this length is read, to reuse the connection.
_MAX_DRAINED = 64 * 1024
_MAX_SECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Requests:
    """Sends requests for images. Both time-outs, in seconds, are for messages only."""

    connections: Connections
    user_agent: str
    timeout: float
    total_timeout: float
    max_bytes: int

    def send(self, address: Address, exchange: Exchange) -> Result:
        """Send one request; another thread can end it by the exchange."""
        try:
            connection, response = self._open(address, exchange)
        except _NotConnectedError as error:
            return Result(self._explain(error.cause, "unreachable"))
        except (OSError, HTTPError, http.client.HTTPException, ValueError) as error:
            return Result(self._explain(error, "cut off", exchange))
        reusable = False
        try:
            result = self._read(address, response)
            reusable = result.body is not None or _drain(response)
        except (OSError, HTTPError, http.client.HTTPException, ValueError) as error:
            result = Result(self._explain(error, "cut off", exchange))
        if exchange.release():
            # Reading cannot distinguish this from the end of the body.
            reusable = False
            result = Result(self._explain(TimeoutError(), "time-out", exchange))
        if reusable:
            self.connections.give_back(address, connection)
        else:
            response.close()
            connection.close()
        return result

    def _open(self, address: Address, exchange: Exchange) -> tuple[Any, Any]:
        """Send a request and wait for the headers of the response."""
        connection = self.connections.take_idle(address)
        if connection is not None:
            try:
                return connection, self._request(connection, address, exchange)
            except (ConnectionError, ssl.SSLEOFError):
                # The server may have closed the idle connection meanwhile.
                if exchange.ended:
                    raise
        try:
            connection = self.connections.connect(address)
        except (OSError, HTTPError, ValueError, PrivateAddressError) as error:
            raise _NotConnectedError(error) from error
        return connection, self._request(connection, address, exchange)

    def _request(self, connection: Any, address: Address, exchange: Exchange) -> Any:
        headers = {
            "User-Agent": self.user_agent,
            "Accept": "image/*,*/*;q=0.5",
            # Images are compressed already; a compressed response can be a bomb.
            "Accept-Encoding": "identity",
        }
        try:
            exchange.hold(connection.sock)
            connection.request(
                "GET", address.target, headers=headers, preload_content=False
            )
            return connection.getresponse()
        except BaseException:
            exchange.release()
            connection.close()
            raise

    def _read(self, address: Address, response: Any) -> Result:
        if response.status in _REDIRECTS and response.headers.get("Location"):
            try:
                target = follow_redirect(address, response.headers["Location"])
            except ValueError as error:
                reason = f"Invalid redirect: {error}"
                return Result(Outcome("bad url", reason))
            return Result(redirect=target)
        if response.status != 200:
            pause = _read_pause(response.headers.get("Retry-After"))
            if pause is None and response.status == 429:
                # "Too many requests" concerns all requests to this host.
                pause = 0.0
            return Result(status_failure(response.status), retry_after=pause)
        if (response.length_remaining or 0) > self.max_bytes:
            return Result(self._too_large())
        chunks = []
        n_bytes = 0
        # Counted as they arrive, as Content-Length may be absent, wrong or that of a
        # compressed body.
        for chunk in response.stream(_CHUNK):
            n_bytes += len(chunk)
            if n_bytes > self.max_bytes:
                return Result(self._too_large())
            chunks.append(chunk)
        return Result(body=b"".join(chunks))

    def _too_large(self) -> Outcome:
        reason = f"The file has more bytes than `max_bytes`, {self.max_bytes}."
        return Outcome("too large", reason)

    def _explain(
        self, error: Exception, status: str, exchange: Exchange | None = None
    ) -> Outcome:
        """Return the failure for an error, without what differs between runs."""
        if exchange is not None and exchange.ended:
            reason = f"The response was not complete after {self.total_timeout:g} s."
            return Outcome("time-out", reason)
        if isinstance(error, TimeoutError | ReadTimeoutError):
            reason = f"The server sent nothing for {self.timeout:g} s."
            return Outcome("time-out", reason)
        if isinstance(error, ForbiddenAddressError):
            reason = "The host is link-local or a metadata server, never allowed."
            return Outcome("private address", reason)
        if isinstance(error, PrivateAddressError):
            reason = "The host is not on the public internet."
            return Outcome("private address", reason)
        if isinstance(error, ssl.SSLCertVerificationError):
            return Outcome("tls error", "The certificate of the server is not trusted.")
        if isinstance(error, socket.gaierror):
            return Outcome("unreachable", "The name of the host cannot be resolved.")
        if status == "unreachable":
            return Outcome("unreachable", "The server cannot be connected to.")
        if isinstance(error, OSError | ProtocolError | http.client.RemoteDisconnected):
            reason = "The connection ended before the response was complete."
            return Outcome("cut off", reason)
        return Outcome("server error", "The response of the server is not valid HTTP.")


class _NotConnectedError(Exception):
    def __init__(self, cause: Exception) -> None:
        super().__init__(cause)
        self.cause = cause


def _drain(response: Any) -> bool:
    """Read the rest of a short response; return whether it was read to its end."""
    left = response.length_remaining
    if left is None or left > _MAX_DRAINED:
        return False
    response.drain_conn()
    return response.length_remaining == 0


def _read_pause(header: str | None) -> float | None:
    """Return the seconds of a header `Retry-After`, which is a number or a date."""
    if header is None:
        return None
    if _MAX_SECONDS.fullmatch(header.strip()):
        return float(header)
    try:
        date = email.utils.parsedate_to_datetime(header)
        return max(0.0, date.timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, OSError):
        return None
