"""What goes out to members. A text is sealed from the moment it is written until it was handed over, then gone."""
