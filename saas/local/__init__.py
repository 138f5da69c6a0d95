"""One machine, no other software: embedded PostgreSQL and Valkey, and the supervisor behind `regulars up`."""
