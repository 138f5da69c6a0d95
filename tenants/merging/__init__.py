"""Two records of one person become one. Above members, referrals and tiers, because it moves something of each."""
