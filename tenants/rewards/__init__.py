"""Rewards: things that points buy, pieces in stock, and who claimed which."""
