"""Connections that check IP addresses, are reused and can be ended."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.connection import create_connection

from amzest.datasets._image_downloads._image_address import (
    Address,
    is_forbidden,
    is_public,
)


class PrivateAddressError(Exception):
    """The host is not on the public internet."""


class ForbiddenAddressError(PrivateAddressError):
    """The host is link-local or the metadata server of a cloud."""


def _choose_hosts(hosts: list[str], allow_private: bool) -> list[str]:
    """Return the IP addresses that are allowed; raise if there is none."""
    if not allow_private:
        hosts = [host for host in hosts if is_public(host)]
        if not hosts:
            raise PrivateAddressError
    hosts = [host for host in hosts if not is_forbidden(host)]
    if not hosts:
        raise ForbiddenAddressError
    return hosts


class _Guarded:
    """Resolves and checks the name of the host before connecting to it.

    The connection goes to the IP address that was checked: if the name were resolved a
    second time, its owner could return another address (DNS rebinding).
    """

    allow_private = False

    def _new_conn(self: Any) -> socket.socket:
        stop = time.monotonic() + self.timeout
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        hosts = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        hosts = _choose_hosts(hosts, self.allow_private)
        failure: OSError = TimeoutError()
        for host in hosts:
            left = stop - time.monotonic()
            if left <= 0:
                break
            try:
                sock = create_connection(
                    (host, self.port), left, socket_options=self.socket_options
                )
            except OSError as error:
                failure = error
            else:
                sock.settimeout(self.timeout)
                return sock
        raise failure


class _GuardedHTTP(_Guarded, HTTPConnection):
    pass


class _GuardedHTTPS(_Guarded, HTTPSConnection):
    pass


class Exchange:
    """A request and its response, which another thread can end.

    The time-out of a socket starts again with each byte, so it does not stop a server
    that sends a byte now and then.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.ended = False

    def hold(self, sock: socket.socket) -> None:
        """Set the socket in use; raise TimeoutError if the exchange has been ended."""
        with self._lock:
            if self.ended:
                raise TimeoutError
            self._socket = sock

    def release(self) -> bool:
        """Forget the socket; return whether the exchange was ended."""
        with self._lock:
            self._socket = None
            return self.ended

    def end(self) -> None:
        """Wake the thread that waits for the socket."""
        with self._lock:
            self.ended = True
            if self._socket is not None:
                # Not SSLSocket.shutdown, which removes the TLS object that the other
                # thread is reading from.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Connections:
    """Open connections, at most `max_idle` of which are kept for reuse.

    `timeout` is in seconds, for connecting and for each part of a response.
    """

    def __init__(self, *, timeout: float, allow_private: bool, max_idle: int) -> None:
        self._timeout = timeout
        self._allow_private = allow_private
        self._max_idle = max_idle
        self._idle: list[tuple[tuple[str, str, int], Any]] = []
        self._lock = threading.Lock()
        self._tls = ssl.create_default_context()

    def take_idle(self, address: Address) -> Any | None:
        """Return an unused open connection to a server, or None."""
        while True:
            with self._lock:
                places = [
                    place
                    for place, (server, _) in enumerate(self._idle)
                    if server == _server(address)
                ]
                if not places:
                    return None
                _, connection = self._idle.pop(places[-1])
            if connection.is_connected:
                return connection
            connection.close()

    def connect(self, address: Address) -> Any:
        """Open a new connection.

        Raises PrivateAddressError if the host is not allowed, OSError if it cannot be
        reached.
        """
        options: dict[str, Any] = {"port": address.port, "timeout": self._timeout}
        if address.scheme == "https":
            connection: Any = _GuardedHTTPS(
                address.host, ssl_context=self._tls, **options
            )
        else:
            connection = _GuardedHTTP(address.host, **options)
        connection.allow_private = self._allow_private
        try:
            connection.connect()
            # Checked again, in case a version of urllib3 does not call _new_conn.
            peer = str(connection.sock.getpeername()[0])
            _choose_hosts([peer], self._allow_private)
        except BaseException:
            connection.close()
            raise
        return connection

    def give_back(self, address: Address, connection: Any) -> None:
        """Keep a connection whose response has been read to its end."""
        if connection.is_closed:
            return
        with self._lock:
            self._idle.append((_server(address), connection))
            self._close_oldest()

    def close(self) -> None:
        """Close all connections that are not in use, and keep no more."""
        with self._lock:
            self._max_idle = 0
            self._close_oldest()

    def _close_oldest(self) -> None:
        while len(self._idle) > self._max_idle:
            _, connection = self._idle.pop(0)
            connection.close()


def _server(address: Address) -> tuple[str, str, int]:
    return address.scheme, address.host, address.port
