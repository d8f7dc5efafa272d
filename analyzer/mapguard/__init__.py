"""mapguard: find Go maps that several goroutines can touch without a proper lock."""

__version__ = "0.1.0"
