-- Simulations: what a draft would do to everybody's tier. Nothing here is about a member's standing; all of it goes after
-- some days.

CREATE TABLE simulation (
    tenant_id         uuid NOT NULL,
    id                uuid NOT NULL,     -- the job's
    document          jsonb NOT NULL,    -- the draft as it was when it was asked for
    programme_version integer NOT NULL,  -- the rules in force then, which it is held against
    lineage           jsonb NOT NULL,    -- of the draft's tiers: {ladder: {a code that was: the code in the draft}}
    transition        text NOT NULL CHECK (transition IN ('now', 'up_only')),
    as_of             timestamptz NOT NULL,
    gone_by           boolean NOT NULL,  -- from the standings before that instant, not from those of now
    state             text NOT NULL CHECK (state IN ('running', 'done', 'cancelled', 'failed')),
    warnings          jsonb NOT NULL,
    batch             integer NOT NULL DEFAULT 0, -- the batch to come
    after_member      uuid,              -- begins behind this member
    members           bigint NOT NULL,   -- about so many
    evaluated         bigint NOT NULL DEFAULT 0,
    winners           bigint NOT NULL DEFAULT 0, -- on some ladder
    losers            bigint NOT NULL DEFAULT 0,
    discounts         bigint NOT NULL DEFAULT 0, -- what the draft would have cost, and what the rules in force would
    points            bigint NOT NULL DEFAULT 0,
    discounts_now     bigint NOT NULL DEFAULT 0,
    points_now        bigint NOT NULL DEFAULT 0,
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX ON simulation (tenant_id) WHERE state = 'running'; -- a new one takes the place of the old

-- How many members of each branch go from each tier to each, those who stay among them. An empty code: the rules on that
-- side don't have the ladder. The branch of zeroes: members without one.
CREATE TABLE simulation_count (
    tenant_id     uuid NOT NULL,
    simulation_id uuid NOT NULL,
    ladder        text NOT NULL,
    from_tier     text NOT NULL,
    to_tier       text NOT NULL,
    branch_id     uuid NOT NULL,
    members       bigint NOT NULL,
    PRIMARY KEY (tenant_id, simulation_id, ladder, from_tier, to_tier, branch_id),
    FOREIGN KEY (tenant_id, simulation_id) REFERENCES simulation (tenant_id, id)
) WITH (fillfactor = 50); -- each batch adds to the same rows

-- Who moves: a row for each batch and pair of tiers, not for each member, so that half a million of them are a few
-- hundred rows. Members in the order of their ids.
CREATE TABLE simulation_move (
    tenant_id     uuid NOT NULL,
    simulation_id uuid NOT NULL,
    ladder        text NOT NULL,
    batch         integer NOT NULL,
    from_tier     text NOT NULL,
    to_tier       text NOT NULL,
    direction     text NOT NULL CHECK (direction IN ('up', 'down', 'same')), -- same: its tier has another name
    member_ids    uuid[] NOT NULL,
    PRIMARY KEY (tenant_id, simulation_id, ladder, batch, from_tier, to_tier),
    FOREIGN KEY (tenant_id, simulation_id) REFERENCES simulation (tenant_id, id)
);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['simulation', 'simulation_count', 'simulation_move'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO app USING (tenant_id = current_setting(''app.tenant_id'')::uuid)'
                       ' WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO app', t);
    END LOOP;
END $$;
