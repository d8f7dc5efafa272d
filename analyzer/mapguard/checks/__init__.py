"""Proofs to findings: the rule that a race breaks, and the sentences, steps and advice that explain it."""

from mapguard.checks.explain import Explainer
from mapguard.checks.sources import Sources
from mapguard.checks.testline import TestLines

__all__ = ["Explainer", "Sources", "TestLines"]
