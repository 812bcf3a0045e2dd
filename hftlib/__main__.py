"""`python -m hftlib`: hand over to the command line."""

import sys

from hftlib.cli.frame import main

if __name__ == "__main__":
    sys.exit(main())
