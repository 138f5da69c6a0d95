-- Reports: the chain's days added up, so that no page walks through facts, and the answers that were found.

-- How far the facts are added up for good. Facts with ids from `settled_to` on (our clock) are added up anew each time.
CREATE TABLE report_state (
    tenant_id  uuid PRIMARY KEY,
    settled_to timestamptz,          -- NULL: nothing yet
    added_at   timestamptz NOT NULL  -- our clock: when it was last looked
) WITH (fillfactor = 50);

-- Sales by the local day of the purchase and its branch, in two parts: what is settled, and what came since. A reversal
-- and a refund count on the day of their purchase. Money in minor units.
CREATE TABLE report_sales (
    tenant_id        uuid NOT NULL,
    day              date NOT NULL,
    branch_id        uuid NOT NULL,
    settled          boolean NOT NULL,
    purchases        bigint NOT NULL,
    amount           bigint NOT NULL, -- before refunds
    refunded         bigint NOT NULL,
    member_purchases bigint NOT NULL, -- of these, with a member
    member_amount    bigint NOT NULL,
    member_refunded  bigint NOT NULL,
    PRIMARY KEY (tenant_id, day, branch_id, settled),
    FOREIGN KEY (tenant_id, branch_id) REFERENCES branch (tenant_id, id)
);
CREATE INDEX ON report_sales (tenant_id, branch_id);

-- What the ledgers moved by the local day on which it was recorded: points, principal and bonus of stored value.
CREATE TABLE report_value (
    tenant_id uuid NOT NULL,
    day       date NOT NULL,
    book      text NOT NULL CHECK (book IN ('points', 'principal', 'bonus')),
    kind      text NOT NULL, -- of the entries
    settled   boolean NOT NULL,
    amount    bigint NOT NULL,
    PRIMARY KEY (tenant_id, day, book, kind, settled)
);

-- Answers by what was asked. A page reads them and asks for newer ones; it never looks for one itself.
CREATE TABLE report_answer (
    tenant_id  uuid NOT NULL,
    report     text NOT NULL,
    first      date NOT NULL,
    last       date NOT NULL,
    scope      text NOT NULL,     -- of which branches: empty for the whole chain, else a digest of their ids
    branch_ids uuid[],           -- these; NULL: the whole chain
    period     text,              -- how the days were chosen: the same is asked for tomorrow; NULL: by hand
    answer     jsonb,             -- NULL: not found yet
    made_at    timestamptz,       -- our clock
    took       interval,
    wanted_at  timestamptz,       -- our clock: a job was sent for a newer one; NULL: none is under way
    asked_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, report, first, last, scope),
    CHECK (first <= last),
    CHECK ((answer IS NULL) = (made_at IS NULL)),
    CHECK ((answer IS NULL) = (took IS NULL)),
    CHECK ((scope = '') = (branch_ids IS NULL))
) WITH (fillfactor = 80);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['report_state', 'report_sales', 'report_value', 'report_answer'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO app USING (tenant_id = current_setting(''app.tenant_id'')::uuid)'
                       ' WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO app', t);
        EXECUTE format('CREATE POLICY eraser ON %I TO eraser USING (tenant_id = current_setting(''app.tenant_id'')::uuid)',
                       t);
        EXECUTE format('GRANT SELECT (tenant_id), DELETE ON %I TO eraser', t);
    END LOOP;
END $$;

-- Chains of before have their nights, too; a publish and a change of zone set it again as sign-up does.
INSERT INTO schedule (tenant_id, name, spec, next_at)
SELECT t.tenant_id, 'reports', jsonb_build_object('job', 'reports.night', 'kind', 'quiet_hour', 'timezone', t.timezone,
           'minute', m.minute),
       date_trunc('day', clock_timestamp() + t.clock_offset, t.timezone) + interval '1 day 3 hours'
           + m.minute * interval '1 minute'
  FROM tenant t CROSS JOIN LATERAL (SELECT abs(hashtext(t.tenant_id::text) % 60) AS minute) m
    ON CONFLICT DO NOTHING;
