"""Letters by e-mail, to people who work for chains."""
