"""What every floor of amzest needs: optional packages, seeds, missing cells."""

from amzest.utils._arguments import check_choice, check_integer
from amzest.utils._counts import check_counts
from amzest.utils._documentation_link import (
    DOCUMENTATION_URL,
    DocumentationLinkMixin,
)
from amzest.utils._frameworks import import_keras, import_torch
from amzest.utils._messages import shown
from amzest.utils._missing import describe_rows, is_missing, missing_mask
from amzest.utils._optional import check_installed, require
from amzest.utils._seeds import PURPOSES, draw_seeds
from amzest.utils._workers import available_threads, quiet_workers, worker_threads

__all__ = [
    "DOCUMENTATION_URL",
    "PURPOSES",
    "DocumentationLinkMixin",
    "available_threads",
    "check_choice",
    "check_counts",
    "check_installed",
    "check_integer",
    "describe_rows",
    "draw_seeds",
    "import_keras",
    "import_torch",
    "is_missing",
    "missing_mask",
    "quiet_workers",
    "require",
    "shown",
    "worker_threads",
]
