"""What holds for every test: no run leaves anything in the home of whoever runs the tests."""

import os

os.environ.setdefault("MAPGUARD_CACHE_KEY", "the key of the tests")
