"""Shared tills: devices of a branch that several people use, one after the other, each under the own name.

A till is known by a cookie of its own. Sessions on it lock when nobody touches them for some minutes; who has used it
lately comes back by PIN (`tenants.staff.pins`).
"""
