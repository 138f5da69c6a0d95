"""The pages of what a chain offers: coupons, rewards, price lists, passes."""
