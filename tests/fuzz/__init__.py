"""Go that nobody would write: damaged fixtures and programs made from the grammar. ``python -m fuzz`` in the folder tests runs long."""
