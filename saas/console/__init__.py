"""The operator's console: what runs this installation sees and does, over all chains, in the browser.

It has people, passwords and sessions of its own (`regulars operator add`); no chain's account opens it, and no
operator is anybody's staff. Every act is recorded before its answer, and so is every look at one chain. It shows
no member: who needs to see one asks the chain for a log-in.
"""
