"""``python -m pcapdiag`` is the command ``pcapdiag``."""

import sys

from pcapdiag.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
