"""``python -m kitten_tui``."""

import sys

from kitten_tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
