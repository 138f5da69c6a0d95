"""Chains beside a real one: a sample to look around in (`saas.samples`), a sandbox to build against (`saas.sandbox`).

What both have alike: a row of the real chain's (`sample`, `sandbox`) says which tenant it is and how far it is, jobs
make and remove it, and who owns the real chain comes over to it and back. Nobody logs in there.
"""
