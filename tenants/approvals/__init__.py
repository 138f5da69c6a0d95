"""What a clerk may not do alone: the chain's limits, and approvals that somebody above gives at the counter.

`limits` says whether an act needs one and takes it; `giving` makes one, once the PIN of who approves was right;
`asking` is how a page's form goes about it. Keys of integrations and everybody above a clerk are not limited.
"""
