"""A clerk takes back the last entry: for 15 minutes a purchase or a top-up can be undone as if it had never been.

The entry itself stays, with a row that says that it was undone; ledgers get entries that reverse it, sums are made
anew, tiers that it gave go back at once, and its number is free again. `entry` says who may, `purchases` and `top_ups`
do it.
"""
