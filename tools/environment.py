"""Create a virtual environment with pinned versions, unless it is up to date.

    python3 tools/environment.py .venv --extras all,test

Only Python and pip are required. A stamp file in the environment records what was
installed, so that a second call does nothing until the project's requirements, the
constraints, the interpreter or the project's folder change. Concurrent calls wait for
each other.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def pinned(package: str, constraints: Path) -> str:
    """Return the pinned requirement of one package."""
    for line in constraints.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{package}=="):
            return line
    raise SystemExit(f"{constraints.name} does not pin {package}.")


def wanted(environment: Path, extras: str, constraints: Path) -> str:
    """Return a digest of everything that determines what is installed."""
    import tomllib

    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    settings = tomllib.loads(text)
    version_file = ROOT / settings["tool"]["hatch"]["version"]["path"]
    inputs = {
        "project": settings["project"],
        "build": [settings["build-system"], settings["tool"]["hatch"]],
        "version": [
            line
            for line in version_file.read_text(encoding="utf-8").splitlines()
            if line.startswith("__version__")
        ],
        "constraints": constraints.read_text(encoding="utf-8"),
        "extras": extras,
        "python": sys.version,
        "places": [str(ROOT), str(environment)],
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


@contextlib.contextmanager
def alone(environment: Path) -> Iterator[None]:
    """Hold a lock, so that no other process sets up the same environment."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with open(f"{environment}.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print(f"Waiting for another set-up of {environment.name} ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def interpreter(environment: Path) -> Path:
    """Return the path of an environment's Python."""
    if os.name == "nt":
        return environment / "Scripts" / "python.exe"
    return environment / "bin" / "python"


def create(environment: Path) -> None:
    """Create an empty environment, with pip if the system provides ensurepip."""
    shutil.rmtree(environment, ignore_errors=True)
    command = [sys.executable, "-m", "venv", str(environment)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        # Debian's python3 has no ensurepip; pip_install then uses the outer pip.
        subprocess.run([*command, "--clear", "--without-pip"], check=True)


def pip_install(environment: Path, constraints: Path, *arguments: str) -> None:
    """Install into an environment, subject to the constraints."""
    python = str(interpreter(environment))
    pip = [python, "-m", "pip"]
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode:
        pip = [sys.executable, "-m", "pip", "--python", python]
    command = [*pip, "install", "-qq", "--constraint", str(constraints)]
    subprocess.run(
        [*command, "--disable-pip-version-check", *arguments], check=True, cwd=ROOT
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("environment", type=Path, help="folder of the environment")
    parser.add_argument("--extras", default="", help="extras of amzest, with commas")
    parser.add_argument(
        "--constraints",
        type=Path,
        default=ROOT / "constraints.txt",
        help="file of pinned versions (default: constraints.txt)",
    )
    parser.add_argument("--wheel", type=Path, help="install this, not the source tree")
    parser.add_argument("--fresh", action="store_true", help="recreate it")
    options = parser.parse_args()
    if sys.version_info < (3, 11):  # noqa: UP036  (run by whatever python3 there is)
        raise SystemExit(
            f"amzest requires Python 3.11 or newer, but this is "
            f"{sys.version.split()[0]}. Choose another one: make PYTHON=python3.11 ..."
        )

    environment = options.environment.absolute()
    extras = f"[{options.extras}]" if options.extras else ""
    stamp = environment / f"amzest-{options.extras.replace(',', '-') or 'bare'}.stamp"
    constraints = options.constraints.resolve(strict=True)
    digest = wanted(environment, extras, constraints)

    def ready() -> bool:
        return stamp.is_file() and stamp.read_text(encoding="utf-8") == digest

    if ready() and not options.fresh and not options.wheel:
        return
    with alone(environment):
        if ready() and not options.fresh and not options.wheel:
            return
        start = time.monotonic()
        print(f"Setting up {environment.name} with amzest{extras} ...", flush=True)
        stamp.unlink(missing_ok=True)
        version = environment / "amzest-python.txt"
        if (
            options.fresh
            or not version.is_file()
            or version.read_text(encoding="utf-8") != sys.version + str(environment)
        ):
            create(environment)
            version.write_text(sys.version + str(environment), encoding="utf-8")
        if {"all", "text"} & set(options.extras.split(",")):
            # Installed first and by version, so that pip's settings choose the build.
            pip_install(environment, constraints, pinned("torch", constraints))
        if options.wheel:
            uri = options.wheel.resolve(strict=True).as_uri()
            pip_install(environment, constraints, f"amzest{extras} @ {uri}")
        else:
            pip_install(environment, constraints, "--editable", f".{extras}")
        stamp.write_text(digest, encoding="utf-8")
        seconds = time.monotonic() - start
        print(f"Set up {environment.name} in {seconds:.0f} s.", flush=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"Set-up failed: {error}") from None
