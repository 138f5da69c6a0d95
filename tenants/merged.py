"""Where a record that was merged leads, as SQL.

Row level security lets an index look for a value that comes from another row only where every part of the expression is
known to leak nothing, and COALESCE isn't: a join on `coalesce(m.merged_into, m.id)` reads every member of the chain,
one on CASE reads one.
"""


def leads_to(member: str) -> str:
    """SQL: the id of the person that a row of `member` (its alias) stands for: its own, or the survivor's."""
    return f"CASE WHEN {member}.merged_into IS NULL THEN {member}.id ELSE {member}.merged_into END"
