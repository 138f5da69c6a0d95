"""Refunds: what was given back of a purchase, by the API or an import.

A purchase is never changed: `purchase_refunded` says how much of it, and of each line, was given back so far
(`bought`, `spread`). What a member has bought is then summed anew for the purchase's own day (`write`, `recompute`).
"""
