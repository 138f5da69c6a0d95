-- The feed of events. A fact writes its event into `event_new`, in its own transaction. Once that is committed the relay
-- numbers it, in the order of a tenant's commits, and moves it to `event`: who has read up to a position has missed nothing.

-- A queue: all rows go, within a moment. No foreign key: an event is a message about a fact, written by the fact's own
-- statement from the rows that this has locked.
CREATE TABLE event_new (
    tenant_id uuid NOT NULL,
    id        uuid NOT NULL DEFAULT uuidv7(),
    type      text NOT NULL,        -- noun.verb: tier.expiring
    member_id uuid,
    at        timestamptz NOT NULL, -- on the tenant's clock
    data      jsonb NOT NULL,       -- ids and numbers; nothing that erasing a person would have to find
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- What was written before is numbered like what comes.
INSERT INTO event_new AS n (tenant_id, id, type, member_id, at, data)
SELECT tenant_id, id, type, member_id, at, data FROM event;
TRUNCATE event;

-- The tenant's last position. Whoever numbers holds this row, so the next one begins when these positions are seen.
CREATE TABLE event_counter (
    tenant_id uuid PRIMARY KEY,
    position  bigint NOT NULL CHECK (position >= 0)
) WITH (fillfactor = 50);

-- Append-only, and ready to be partitioned by `id`, a UUIDv7: so the position is unique by its counter alone.
ALTER TABLE event ADD COLUMN position bigint NOT NULL CHECK (position > 0);
ALTER TABLE event ADD COLUMN numbered_at timestamptz NOT NULL DEFAULT clock_timestamp(); -- our clock: when it may go
ALTER TABLE event ALTER COLUMN id DROP DEFAULT;
ALTER TABLE event DROP CONSTRAINT event_tenant_id_member_id_fkey;
DROP INDEX event_tenant_id_member_id_id_idx;
CREATE INDEX ON event (tenant_id, position);
CREATE INDEX ON event (tenant_id, type, position);
CREATE INDEX ON event (numbered_at);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['event_new', 'event_counter'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO app USING (tenant_id = current_setting(''app.tenant_id'')::uuid)'
                       ' WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('CREATE POLICY eraser ON %I TO eraser USING (tenant_id = current_setting(''app.tenant_id'')::uuid)',
                       t);
        EXECUTE format('GRANT SELECT (tenant_id), DELETE ON %I TO eraser', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['event_new', 'event_counter', 'event'] LOOP
        EXECUTE format('CREATE POLICY relay ON %I TO relay USING (true) WITH CHECK (true)', t);
    END LOOP;
END $$;

-- The application writes new ones and reads the feed; the relay alone numbers.
GRANT SELECT, INSERT ON event_new TO app;
GRANT SELECT ON event_counter TO app;
REVOKE INSERT ON event FROM app;
GRANT SELECT, DELETE ON event_new TO relay;
GRANT SELECT, INSERT, UPDATE (position) ON event_counter TO relay;
GRANT SELECT, INSERT ON event TO relay;

-- Old ones end by a chore, which sees their age alone.
CREATE POLICY operator ON event TO operator USING (true) WITH CHECK (true);
GRANT SELECT (numbered_at), DELETE ON event TO operator;
