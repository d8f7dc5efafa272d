"""What every layer shares: places in files, gaps in what was seen, options, the data files."""
