"""What the metrics beside plain spend sum, a row per member, measure and day (and month): see `codes`."""
