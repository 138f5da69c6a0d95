"""What differs between two versions of the rules, told in plain words."""

from tenants.programme.differences.compare import differences
from tenants.programme.differences.told import Difference, Kind

__all__ = ["Difference", "Kind", "differences"]
