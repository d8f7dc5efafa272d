"""Runs the go command, which runs the scanned code: only where somebody has asked for that by --verify or --run."""
