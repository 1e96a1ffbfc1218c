"""The conditions of a measurement: machine, versions and threads."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

PACKAGES = (
    "numpy",
    "scikit-learn",
    "torch",
    "skorch",
    "tensorflow",
    "keras",
    "scikeras",
    "jax",
    "transformers",
)


def describe_machine() -> dict[str, Any]:
    """Return the processor's name, the available cores and the memory."""
    name = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    memory = None
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = os.cpu_count()
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    return {
        "processor": name,
        "cores": cores,
        "memory_bytes": memory,
        "system": platform.platform(),
    }


def installed_versions() -> dict[str, str]:
    """Return the versions of Python and of the relevant packages."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def circumstances() -> str:
    """Return three lines that describe machine, versions and threads."""
    machine, threads = describe_machine(), describe_threads()
    versions = ", ".join(f"{name} {v}" for name, v in installed_versions().items())
    pools = {
        f"{pool['internal_api']} {pool['num_threads']}" for pool in threads["pools"]
    }
    if threads["torch"]:
        pools.add(f"torch {threads['torch']}")
    return (
        f"machine: {machine['processor']}, {machine['cores']} cores\n"
        f"versions: {versions}\n"
        f"threads: {', '.join(sorted(pools)) or 'none set'}"
    )


def describe_threads() -> dict[str, Any]:
    """Return the number of threads of the loaded libraries."""
    torch = sys.modules.get("torch")
    return {
        "torch": torch.get_num_threads() if torch else None,
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
        "pools": [
            {key: pool.get(key) for key in ("internal_api", "prefix", "num_threads")}
            for pool in threadpool_info()
        ],
    }
