"""Proofs to findings: the rule that a race breaks, and the sentences, steps and advice that explain it. Takes the place of ``checks``."""

from mapguard.newchecks.explain import Explainer

__all__ = ["Explainer"]
