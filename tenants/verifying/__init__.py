"""Proofs: what is stored is what the entries add up to."""
