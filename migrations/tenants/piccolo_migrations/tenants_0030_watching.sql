-- Operators see whether events get their positions and arrive, and whose servers fail: states, instants and counts. Never
-- an address, which may carry what opens it, a secret, a body or an answer.

CREATE POLICY operator ON event_new FOR SELECT TO operator USING (true);
CREATE POLICY operator ON webhook_endpoint FOR SELECT TO operator USING (true);
GRANT SELECT (tenant_id, id) ON event_new TO operator;
GRANT SELECT (tenant_id, id, state, state_since, failing_since) ON webhook_endpoint TO operator;
GRANT SELECT (tenant_id, id, endpoint_id, state, next_at) ON webhook_delivery TO operator;
