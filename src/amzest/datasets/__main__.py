"""The command line of amzest.datasets: ``python -m amzest.datasets --help``."""

import sys

from amzest.datasets._amazon_pipeline._command_line import main

if __name__ == "__main__":
    sys.exit(main())
