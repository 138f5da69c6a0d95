-- Webhooks: a chain's own servers hear of its events. Times here are our own clock's, whatever the chain's says: nets
-- and servers keep to it.

CREATE TABLE webhook_endpoint (
    tenant_id     uuid NOT NULL,
    id            uuid NOT NULL,
    url           text NOT NULL,
    types         text[] CHECK (cardinality(types) > 0), -- NULL: every type, also those to come
    description   text,
    -- off: by hand; gone: it answered 410; failing: for three days nothing but failures; deleted: nobody sees it any more
    state         text NOT NULL DEFAULT 'on' CHECK (state IN ('on', 'off', 'gone', 'failing', 'deleted')),
    state_since   timestamptz NOT NULL DEFAULT clock_timestamp(),
    failing_since timestamptz, -- the first failure since the last success
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by    text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- The newest signs, and those that have not ended yet sign along.
CREATE TABLE webhook_secret (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    sealed      text NOT NULL, -- for this endpoint alone
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    ends_at     timestamptz,   -- NULL: today's
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoint (tenant_id, id)
);
CREATE INDEX ON webhook_secret (tenant_id, endpoint_id);

-- An event on its way to an endpoint. Ready to be partitioned by `id`, a UUIDv7. No foreign key to the event: both end
-- after thirty days, each by itself.
CREATE TABLE webhook_delivery (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    event_id    uuid NOT NULL,
    type        text NOT NULL,
    body        json,          -- of a test, as it is sent; else the event is
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    tries       integer NOT NULL DEFAULT 0,             -- since it began, or was begun anew
    next_at     timestamptz NOT NULL DEFAULT clock_timestamp(), -- while one is out: when another may go, should it never end
    attempts    jsonb NOT NULL DEFAULT '[]',            -- what was tried and what came of it, the last thirty
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at    timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoint (tenant_id, id),
    CHECK ((state = 'waiting') = (ended_at IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX ON webhook_delivery (tenant_id, endpoint_id, next_at) WHERE state = 'waiting';
CREATE INDEX ON webhook_delivery (tenant_id, endpoint_id, id);
CREATE INDEX ON webhook_delivery (tenant_id, endpoint_id, state, id) WHERE state <> 'delivered';
CREATE INDEX ON webhook_delivery (tenant_id, endpoint_id, type, id);
CREATE INDEX ON webhook_delivery (tenant_id, endpoint_id, event_id);
CREATE INDEX ON webhook_delivery (created_at);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['webhook_endpoint', 'webhook_secret', 'webhook_delivery'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO app USING (tenant_id = current_setting(''app.tenant_id'')::uuid)'
                       ' WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('CREATE POLICY eraser ON %I TO eraser USING (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('GRANT SELECT (tenant_id), DELETE ON %I TO eraser', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON webhook_endpoint, webhook_delivery TO app;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_secret TO app;

-- The relay makes deliveries of the events that it numbers; workers see as the same role whose are due.
CREATE POLICY relay ON webhook_endpoint FOR SELECT TO relay USING (true);
CREATE POLICY relay ON webhook_delivery TO relay USING (true) WITH CHECK (true);
GRANT SELECT (tenant_id, id, types, state, failing_since, created_at) ON webhook_endpoint TO relay;
GRANT SELECT (tenant_id, id, endpoint_id, state, tries, next_at), INSERT, UPDATE (next_at) ON webhook_delivery TO relay;

-- Old ones end by a chore, which sees their age alone.
CREATE POLICY operator ON webhook_delivery TO operator USING (true) WITH CHECK (true);
GRANT SELECT (created_at), DELETE ON webhook_delivery TO operator;
