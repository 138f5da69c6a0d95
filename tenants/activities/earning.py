"""What the rules give for an activity."""

from tenants.programme.rules import Points


def points_of_kind(rules: Points, kind: str) -> int:
    """Points for one activity of the kind; 0: none."""
    return next((each.points for each in (rules.beside.activities if rules.beside else ()) if each.kind == kind), 0)
