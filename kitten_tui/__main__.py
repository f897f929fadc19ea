"""``python -m kitten_tui``, and the command itself."""

import sys
import warnings

from kitten_tui.cli import main


def run() -> int:
    """What NumPy warns of, such as an overflow in somebody's model, is not for the person at the terminal."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    return main()


if __name__ == "__main__":
    sys.exit(run())
