"""Findings to plans that repair the code: where which lock is missing, how the text can take it, and what else would do."""
