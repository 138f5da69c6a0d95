"""A chain with a row in every table: the product's own, which proves by it that chains are apart."""

from saas.isolation.furnishing.furnish import Furnished, furnish

__all__ = ["Furnished", "furnish"]
