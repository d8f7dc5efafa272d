"""What one Go file says, as immutable data, and its bytes in the cache."""
