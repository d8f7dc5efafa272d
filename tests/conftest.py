"""What holds for every test: nothing is left in the home of whoever runs it, and a busy machine fails nothing."""

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("MAPGUARD_CACHE_KEY", "the key of the tests")
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
