"""One request for one photo: what is sent, how much is read, what went wrong."""

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
from amzest.datasets._image_downloads._image_outcome import Outcome, refused_answer

_REDIRECTS = (301, 302, 303, 307, 308)
_PIECE = 64 * 1024
#: An unread answer that is no longer than this is read, to keep the connection.
_MAX_DRAINED = 64 * 1024
_MAX_SECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request brought: a body, a redirect or a failure.

    Parameters
    ----------
    body : bytes or None, default=None
        The whole body of an answer 200.

    redirect : Address or None, default=None
        Where to ask next.

    failure : Outcome or None, default=None
        Why there is neither.

    retry_after : float or None, default=None
        Seconds that the server asks to be left alone.
    """

    body: bytes | None = None
    redirect: Address | None = None
    failure: Outcome | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Requests:
    """How photos are asked for.

    Parameters
    ----------
    connections : Connections
        Where connections come from.

    user_agent : str
        Header `User-Agent`.

    timeout : float
        Seconds, for messages.

    total_timeout : float
        Seconds, for messages.

    max_bytes : int
        Size of the longest body that is read.
    """

    connections: Connections
    user_agent: str
    timeout: float
    total_timeout: float
    max_bytes: int

    def send(self, address: Address, exchange: Exchange) -> Answer:
        """Ask once.

        Parameters
        ----------
        address : Address
            What to ask for.

        exchange : Exchange
            By which another thread can end this.

        Returns
        -------
        Answer
            What came.
        """
        try:
            connection, response = self._open(address, exchange)
        except _NotConnectedError as error:
            return Answer(failure=self._explain(error.cause, "unreachable"))
        except (OSError, HTTPError, http.client.HTTPException, ValueError) as error:
            return Answer(failure=self._explain(error, "cut off", exchange))
        reusable = False
        try:
            answer = self._read(address, response)
            reusable = answer.body is not None or _drain(response)
        except (OSError, HTTPError, http.client.HTTPException, ValueError) as error:
            answer = Answer(failure=self._explain(error, "cut off", exchange))
        if exchange.release():
            # To the reader, the end by another thread looks like the end of the body.
            reusable = False
            answer = Answer(failure=self._explain(TimeoutError(), "time-out", exchange))
        if reusable:
            self.connections.give_back(address, connection)
        else:
            response.close()
            connection.close()
        return answer

    def _open(self, address: Address, exchange: Exchange) -> tuple[Any, Any]:
        """Send a request and wait for the head of the answer."""
        connection = self.connections.take_idle(address)
        if connection is not None:
            try:
                return connection, self._ask(connection, address, exchange)
            except (ConnectionError, ssl.SSLEOFError):
                # Servers close connections that are idle just as they are used again.
                if exchange.ended:
                    raise
        try:
            connection = self.connections.connect(address)
        except (OSError, HTTPError, ValueError, PrivateAddressError) as error:
            raise _NotConnectedError(error) from error
        return connection, self._ask(connection, address, exchange)

    def _ask(self, connection: Any, address: Address, exchange: Exchange) -> Any:
        headers = {
            "User-Agent": self.user_agent,
            "Accept": "image/*,*/*;q=0.5",
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

    def _read(self, address: Address, response: Any) -> Answer:
        if response.status in _REDIRECTS and response.headers.get("Location"):
            try:
                target = follow_redirect(address, response.headers["Location"])
            except ValueError as error:
                reason = f"A redirect leads to an address that is no use: {error}"
                return Answer(failure=Outcome("bad url", reason))
            return Answer(redirect=target)
        if response.status != 200:
            pause = _read_pause(response.headers.get("Retry-After"))
            if pause is None and response.status == 429:
                # "Too many requests" means all that this host gets from here.
                pause = 0.0
            return Answer(failure=refused_answer(response.status), retry_after=pause)
        if (response.length_remaining or 0) > self.max_bytes:
            return Answer(failure=self._too_large())
        pieces = []
        n_bytes = 0
        for piece in response.stream(_PIECE):
            n_bytes += len(piece)
            if n_bytes > self.max_bytes:
                return Answer(failure=self._too_large())
            pieces.append(piece)
        return Answer(body=b"".join(pieces))

    def _too_large(self) -> Outcome:
        reason = f"The file has more bytes than `max_bytes`, {self.max_bytes}."
        return Outcome("too large", reason)

    def _explain(
        self, error: Exception, status: str, exchange: Exchange | None = None
    ) -> Outcome:
        """Give a failure for an error, without what differs from run to run."""
        if exchange is not None and exchange.ended:
            reason = f"The answer was not complete after {self.total_timeout:g} s."
            return Outcome("time-out", reason)
        if isinstance(error, TimeoutError | ReadTimeoutError):
            reason = f"The server sent nothing for {self.timeout:g} s."
            return Outcome("time-out", reason)
        if isinstance(error, ForbiddenAddressError):
            reason = "The host is link-local or a metadata server, never to be asked."
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
            reason = "The connection ended before the answer was complete."
            return Outcome("cut off", reason)
        return Outcome("server error", "The answer of the server is not valid HTTP.")


class _NotConnectedError(Exception):
    def __init__(self, cause: Exception) -> None:
        super().__init__(cause)
        self.cause = cause


def _drain(response: Any) -> bool:
    """Read what is left of an answer if that is little; tell whether all was read."""
    left = response.length_remaining
    if left is None or left > _MAX_DRAINED:
        return False
    response.drain_conn()
    return response.length_remaining == 0


def _read_pause(header: str | None) -> float | None:
    """Read the header `Retry-After`: seconds or a date."""
    if header is None:
        return None
    if _MAX_SECONDS.fullmatch(header.strip()):
        return float(header)
    try:
        date = email.utils.parsedate_to_datetime(header)
        return max(0.0, date.timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, OSError):
        return None
