"""Which objects a register or a field may hold, and who calls whom: demand-driven points-to over events."""
