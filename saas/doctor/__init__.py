"""`regulars doctor`: looks at everything that an installation rests on, and says how to mend what is wrong."""

from saas.doctor.examine import examine
from saas.doctor.finding import Finding

__all__ = ["Finding", "examine"]
