"""The member's consent to pay from the wallet: a one-minute code of the digital card, one by SMS, or a PIN."""
