"""What every layer shares: places in files, gaps, options, the data files."""
