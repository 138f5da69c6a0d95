"""A second factor beside the password: codes of an authenticator app (RFC 6238), and recovery codes for who lost it.

It is the account's own, wherever it works. `totp` reckons, `keeping` keeps; the log-in and the account's pages ask.
"""
