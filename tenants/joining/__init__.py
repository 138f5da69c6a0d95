"""Joining by oneself: a poster with a QR code, a page with a form, a card at its end."""
