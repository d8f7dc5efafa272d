"""Each part of the analysis switched off in turn: what no test notices has no test, or no purpose.

Switches are found, not listed (``switches``): predicates, limits and model keys of every package of the analysis that there is.
"""
