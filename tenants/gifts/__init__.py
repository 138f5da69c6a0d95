"""Gifts: coupons that a tier gives to who reaches it, and on birthdays; with the points that birthdays bring."""
