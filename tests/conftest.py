"""What holds for every test: nothing is left in the home of whoever runs it, and a busy machine fails nothing."""

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("MAPGUARD_CACHE_KEY", "the key of the tests")
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """What is started in the background ignores Ctrl-C, and so does what it starts: these runs listen, whoever runs the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
