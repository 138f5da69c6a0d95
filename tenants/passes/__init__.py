"""Passes (次卡): prepaid visits. Each sale, use and refund is an entry that nobody changes."""
