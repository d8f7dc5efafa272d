"""Findings to Go programs that show them: a test that runs both sides of a race, a benchmark of the remedies."""
