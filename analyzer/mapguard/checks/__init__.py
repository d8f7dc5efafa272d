"""Races to findings: which rule a race breaks, and what its owner needs to read."""

from mapguard.checks.explain import Explainer
from mapguard.checks.sources import Sources
from mapguard.checks.testline import TestLines

__all__ = ["Explainer", "Sources", "TestLines"]
