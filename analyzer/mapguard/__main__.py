"""``python -m mapguard`` is the ``mapguard`` command."""

import os
import sys

# Python puts the current folder first, which may be the one to be scanned: nothing of it is imported
_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - pathlib is not loaded yet
sys.path[:] = [entry for entry in sys.path if entry == _OWN or (entry and entry != os.getcwd())]  # noqa: PTH109

from mapguard.cli.main import main  # noqa: E402

if __name__ == "__main__":
    main()
