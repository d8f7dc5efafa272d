"""The same program, other text: a Go module is rewritten without a change of meaning, and what mapguard says of it must not change.

The rewriting is a small Go program (``rewrite/``), because only types say which names belong together; ``compare`` scans both texts.
"""
