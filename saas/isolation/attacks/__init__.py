"""What the attacker tries, kind by kind."""
