"""The command line of amzest: ``python -m amzest --help``."""

import sys

from amzest.cli import main

if __name__ == "__main__":
    sys.exit(main())
