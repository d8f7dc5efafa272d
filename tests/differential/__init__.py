"""Small concurrent Go programs, made by independent choices, labelled by Go's race detector and compared with what mapguard says.

``places`` (where the map lives), ``objects`` (which object each thread gets), ``starts`` (how threads start), ``guards`` (what
protects), ``orders`` (what comes before what), ``wrappers`` (how the access is reached), ``accesses``. Names mean nothing.
"""
