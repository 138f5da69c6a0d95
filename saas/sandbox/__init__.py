"""A sandbox beside a chain, for whoever builds against the API: a tenant of its own, set up as the chain is or as a
template is, with keys that say `test` and a clock that can be moved.

It goes by the same code as any chain. Nothing of it is billed or counted, and what it would send to people is kept
there to be read; webhooks do leave. Nobody logs in to it: the chain's owners come over. It closes, opens and ends with
its chain.
"""
