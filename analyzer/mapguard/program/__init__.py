"""From facts to a program: packages, types, functions, who calls whom."""
