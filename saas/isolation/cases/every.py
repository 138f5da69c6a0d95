"""The API's routes, in the order in which they are tried."""

from saas.isolation.cases.calls import CALLS
from saas.isolation.cases.more_calls import MORE_CALLS
from saas.isolation.cases.webhooks import WEBHOOKS
from saas.isolation.knocks import Cases, Knock

_LAST: Cases = {
    # At the end: with one's own id nothing is left of the member afterwards.
    ("DELETE", "/v1/members/{member_id:uuid}"): lambda ids, _: [Knock(f"/v1/members/{ids.member}", 404)],
    ("POST", "/v1/members/{member_id:uuid}/erase"): lambda ids, _: [Knock(f"/v1/members/{ids.member}/erase", 404)],
}


CASES: Cases = {**WEBHOOKS, **CALLS, **MORE_CALLS, **_LAST}
"""Each route that takes an id in its path, query or body. In their order: the last ones take away what others need."""
