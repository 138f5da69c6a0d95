"""What everybody sees before there is a chain: what this is, the industry templates, the plans."""
