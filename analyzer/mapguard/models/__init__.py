"""What library functions do: rules/models/*.toml as typed entries."""
