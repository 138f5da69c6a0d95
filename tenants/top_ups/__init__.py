"""Money paid into the wallet, and paid back out of it. The wallet itself is `tenants.wallet`."""
