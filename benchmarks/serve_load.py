"""Latency and throughput of the service under load, on this machine.

    python benchmarks/serve_load.py [--model MODEL] [--threads 4] [--requests 500]

A process serves the model, and threads of another one send requests with one product
each, on the loopback. The settings are compared one after the other: requests that wait
are predicted together, or each by itself; and with one thread that predicts, or two.
Without --model, a linear model of synthetic products is fitted.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

SERVER = """
import sys, uvicorn
import amzest
from amzest.cli._serve import _listen
from amzest.serving import create_app
app = create_app(amzest.load(sys.argv[1]), **eval(sys.argv[2]))
config = uvicorn.Config(app, port=0, access_log=False)
server = uvicorn.Server(config)
listener = _listen("127.0.0.1", 0)
print("port", listener.getsockname()[1], flush=True)
server.run(sockets=[listener])
"""
SETTINGS = {
    "together, 1 thread": {"n_threads": 1},
    "one by one, 1 thread": {"n_threads": 1, "max_batch_size": 1},
    "together, 2 threads": {"n_threads": 2},
    "one by one, 2 threads": {"n_threads": 2, "max_batch_size": 1},
}


def measure(
    model: Path, settings: dict[str, Any], titles: list[str], args: Any
) -> dict[str, float]:
    """Return latencies in milliseconds, requests per second and errors."""
    call = [sys.executable, "-c", SERVER, str(model), repr(settings)]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
        port = int(re.search(rb"port (\d+)", p.stdout.readline())[1])
        wait_until_ready(port)
        seconds, errors = [], []
        start = time.perf_counter()
        threads = [
            threading.Thread(
                target=send_all, args=(port, titles[i :: args.threads], args)
            )
            for i in range(args.threads)
        ]
        for thread in threads:
            thread.seconds, thread.errors = [], []
            thread.start()
        for thread in threads:
            thread.join()
            seconds += thread.seconds
            errors += thread.errors
        total = time.perf_counter() - start
        p.terminate()
    p50, p99 = np.percentile(np.array(seconds) * 1000, [50, 99])
    return {
        "p50": p50,
        "p99": p99,
        "per_second": len(seconds) / total,
        "errors": len(errors),
    }


def wait_until_ready(port: int) -> None:
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)


def send_all(port: int, titles: list[str], args: Any) -> None:
    thread: Any = threading.current_thread()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json"}
    for i in range(args.requests):
        product = {args.column: titles[i % len(titles)]}
        body = json.dumps({"products": [product]})
        start = time.perf_counter()
        connection.request("POST", "/predict", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        thread.seconds.append(time.perf_counter() - start)
        if answer.status != 200:
            thread.errors.append(content)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--requests", type=int, default=500, help="of each thread")
    parser.add_argument("--column", default="title")
    args = parser.parse_args()
    import amzest

    X, y = amzest.make_products(1000, n_image_only=0, return_X_y=True, random_state=0)
    with tempfile.TemporaryDirectory() as folder:
        model = args.model
        if model is None:
            classifier = amzest.TextLinearClassifier(random_state=0)
            model = amzest.save(classifier.fit(X[["title"]], y), Path(folder, "m.amz"))
        titles = X["title"].dropna().tolist()
        print(f"{args.threads} threads, {args.requests} requests each, milliseconds")
        for name, settings in SETTINGS.items():
            found = measure(model, settings, titles, args)
            print(
                f"{name:<22} p50 {found['p50']:6.1f}  p99 {found['p99']:6.1f}  "
                f"{found['per_second']:6.0f} requests/s  {found['errors']} errors",
                flush=True,
            )


if __name__ == "__main__":
    main()
