"""A made-up chain with members, purchases and tiers, for who looks at the product for the first time."""
