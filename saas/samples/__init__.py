"""A sample chain beside a new one: made-up members with a year of purchases, to look around in.

Facts are append-only, so made-up ones don't belong into a real chain's: they would be in its reports, proofs and bills,
and could never be taken out. A sample chain is a tenant of its own that goes as a whole. Nobody logs in to it: one
comes over from one's own chain.
"""
