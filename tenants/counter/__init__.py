"""The counter (收银台): a clerk finds the member, enters the amount, and it is recorded; everything else that a till
does with a member lies beside it. Pages of one place (`place`): the branch at which this browser stands.
"""
