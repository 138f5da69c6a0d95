"""A chain at a glance: members, tiers, sales, what was decided and what is running. Reads only."""
