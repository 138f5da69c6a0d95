"""Proofs of a chain, by night or on demand: what is stored of its members is what their facts give."""
