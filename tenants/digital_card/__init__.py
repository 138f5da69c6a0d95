"""The member's card on its own phone, behind a signed link: no log-in, nothing but this member's."""
