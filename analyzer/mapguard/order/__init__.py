"""Which threads there are, and which of their events can overlap."""
