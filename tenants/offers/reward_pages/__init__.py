"""`/rewards`: what points buy, its stock, and claims until they are handed out."""
