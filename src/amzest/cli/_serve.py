"""``amzest serve``: a web service around a model."""

from __future__ import annotations

import argparse
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from amzest.cli._options import positive_float, positive_int, subparser
from amzest.utils import require

_EPILOG = """\
POST /predict takes {"products": [{"title": "...", ...}, ...]}. GET /model describes the
model, GET /health and GET /ready are for monitoring. The service has no passwords and
no encryption: put it behind a server that has, if others can reach it. SIGTERM and
Ctrl-C finish the requests that have arrived, and stop.

example:
  amzest serve model.amz --port 8000 &
  curl --json '{"products": [{"title": "red running shoe"}]}' \\
      http://127.0.0.1:8000/predict
"""
#: Default and description of the limits, by the parameters of `create_app`.
_LIMITS = {
    "max_body_bytes": (16 * 2**20, "size of a request"),
    "max_products": (1000, "products of a request"),
    "max_pixels": (50_000_000, "width times height of an image"),
    "max_explained": (10, "products of a request that asks for explanations"),
    "max_waiting": (64, "requests that wait; more are answered with 503"),
}


def add_command(commands: Any) -> Any:
    """Add the parser of the command."""
    parser = subparser(commands, "serve", "predict as a web service", epilog=_EPILOG)
    add = parser.add_argument
    add("model", metavar="MODEL", help="file written by amzest fit or amzest.save")
    add("--trust", nargs="+", default=[], metavar="TYPE", help="as of amzest predict")
    add(
        "--host",
        default="127.0.0.1",
        metavar="NAME",
        help="address to listen on, 0.0.0.0 for all (default: %(default)s, this "
        "machine only)",
    )
    add(
        "--port",
        type=_port,
        default=8000,
        metavar="N",
        help="0 chooses a free one (default: %(default)s)",
    )
    add(
        "--image-root",
        metavar="FOLDER",
        help="folder that paths of images are relative to (default: no paths)",
    )
    for option, (default, purpose) in _LIMITS.items():
        add(
            f"--{option.replace('_', '-')}",
            type=positive_int,
            default=default,
            metavar="N",
            help=f"{purpose} (default: %(default)s)",
        )
    add(
        "--threads",
        type=positive_int,
        default=1,
        metavar="N",
        help="threads that predict (default: %(default)s)",
    )
    add(
        "--stop-timeout",
        type=positive_float,
        default=30.0,
        metavar="SECONDS",
        help="time for unfinished requests at the end (default: %(default)g)",
    )
    add("--no-access-log", action="store_true", help="do not log each request")
    return parser


def run(options: Any) -> None:
    """Load the model and answer requests until the process is stopped."""
    from amzest.persistence import load, read_metadata
    from amzest.serving import create_app

    uvicorn = require("uvicorn", extra="serve", purpose="amzest serve")
    # Before the model is loaded, which may take a while.
    listener = _listen(options.host, options.port)
    try:
        app = create_app(
            load(options.model, trusted=options.trust),
            image_root=options.image_root,
            n_threads=options.threads,
            metadata={"saved": _saved(read_metadata(options.model))},
            **{name: getattr(options, name) for name in _LIMITS},
        )
        config = uvicorn.Config(
            app,
            access_log=not options.no_access_log,
            timeout_graceful_shutdown=int(max(options.stop_timeout, 1)),
            # The application has a limit of its own; this one bounds idle connections.
            limit_concurrency=max(1000, 4 * options.max_waiting),
            server_header=False,
            # uvicorn's configuration closes the handlers of all other loggers.
            log_config=None,
        )
        host, port = listener.getsockname()[:2]
        print(f"Serving {options.model} on http://{_url_host(host)}:{port}",
              file=sys.stderr, flush=True)  # fmt: skip
        _run(uvicorn.Server(config), listener)
    finally:
        listener.close()


def _run(server: Any, listener: socket.socket) -> None:
    """Run the server; SIGTERM is a regular end, whose exit code is 0."""
    # uvicorn finishes the requests, and then sends itself the signal again.
    before = signal.signal(signal.SIGTERM, _ignore)
    try:
        with _log_to_stderr():
            server.run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)
    if not server.started:
        raise OSError("The service could not be started; see the messages above.")


@contextmanager
def _log_to_stderr() -> Iterator[None]:
    """Write the messages of the service to the standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    loggers = [logging.getLogger(name) for name in ("uvicorn", "amzest.serving")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    pass


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only for connections whose protocol is not 0. Without it,
    # the body of each answer waits for up to 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)  # connections wait from now on, until the model is loaded
    except OSError as error:
        listener.close()
        msg = (
            f"Cannot listen on {host}, port {port}: {error.strerror or error}. Pass "
            "another --port or --host."
        )
        raise OSError(msg) from error
    return listener


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _saved(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return what the service tells of the file of its model."""
    names = ("created", "description", "versions", "scores")
    return {name: metadata[name] for name in names if metadata.get(name) is not None}


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 0 to 65535")
    return int(text)
