"""Points: kept in lots that expire. `lots` has the rules, `book` applies them in order, `ledger` alone writes."""
