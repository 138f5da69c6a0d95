"""`/coupons`: what there is to give, giving it, printing it, and one that was given."""
