"""Accesses of maps to the threads that make them, and pairs of them to races: proofs with their assumptions."""
