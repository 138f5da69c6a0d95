"""Numbers about a chain: what it sold, who its members are, how they move, what it owes. Each report is a function of
some local days and branches; `adding` keeps the days' sums that they are made of, `answers` what was found.
"""
