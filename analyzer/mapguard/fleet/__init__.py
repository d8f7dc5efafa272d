"""Many repositories: a list of them to a report on each, and to pages on all of them."""
