"""The browser without pictures is that of the platform's tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "saas"))
