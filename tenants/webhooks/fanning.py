"""A delivery for each endpoint that takes an event, made in the statement that gives the event its position."""

from typing import Final

from tenants.events.numbering import follow

TAKEN: Final = "(e.types IS NULL OR {n}.type = ANY (e.types) OR split_part({n}.type, '.', 1) || '.*' = ANY (e.types))"
"""Whether the endpoint `e` takes the event `n`: by its type, or by its noun (`purchase.*`)."""

# An id has the millisecond in which the event was written. It may have waited for its position since.
_DELIVERIES: Final = f"""
INSERT INTO webhook_delivery AS d (tenant_id, id, endpoint_id, event_id, type)
SELECT n.tenant_id, uuidv7(), e.id, n.id, n.type
  FROM numbered n JOIN webhook_endpoint e ON e.tenant_id = n.tenant_id
 WHERE e.state = 'on' AND {TAKEN.format(n="n")}
   AND uuid_extract_timestamp(n.id) >= date_trunc('milliseconds', e.created_at)
 ORDER BY n.tenant_id, n.position"""

follow("webhooks", _DELIVERIES)
