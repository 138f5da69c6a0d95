"""Coupons: what they promise, who has which, and the ledger of how each was given, used, taken back or ran out."""
