"""The use that a chain pays by: its active members, counted from its own facts and told to Stripe's meter.

Tenants' tables are read here by SQL; their features are not known.
"""
