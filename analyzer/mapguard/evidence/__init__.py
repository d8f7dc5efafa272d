"""Pairs that nothing keeps apart to findings: proofs whose links say how sure they are, and what in the code supports them."""
