"""Rebuild: the computed decisions are dropped and made again, as if everything had been known in time.

After a migration of old history: each member's facts are walked in the order in which they happened, with the
schedules between them, under the rules that were in force then.
"""
