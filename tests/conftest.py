"""Settings of the libraries that the tests use."""

from hypothesis import HealthCheck, settings

# A machine that is busy with other things is no failure of what is tested.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
