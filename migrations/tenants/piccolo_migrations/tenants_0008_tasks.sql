-- Tasks: what a branch does with each member of some tiers, or of a segment, again and again. A rule says with whom and
-- how often; every night makes the tasks that are due; a task is open until somebody ends it or its reason is gone.
-- The last block switches row level security on.

CREATE TABLE task_rule (
    tenant_id     uuid NOT NULL,
    id            uuid NOT NULL DEFAULT uuidv7(),
    code          text NOT NULL,
    names         jsonb NOT NULL,
    ladder        text,            -- with tiers: for who is in one of them; else for a segment, by its code
    tiers         text[],
    segment       text,
    every         jsonb NOT NULL,  -- the rhythm: {"type": "days"|"months"|"campaign", …}
    due_days      integer NOT NULL CHECK (due_days BETWEEN 1 AND 366), -- local days in which it is to be done
    visit_settles boolean NOT NULL, -- a purchase ends the task: the member came by itself
    source        text NOT NULL CHECK (source IN ('template', 'tenant')),
    created_at    timestamptz NOT NULL,
    ended_at      timestamptz,
    followed      jsonb NOT NULL DEFAULT '[]', -- as below, of its tiers
    PRIMARY KEY (tenant_id, id),
    CHECK ((ladder IS NULL) = (tiers IS NULL)),
    CHECK ((ladder IS NULL) <> (segment IS NULL))
);
CREATE UNIQUE INDEX ON task_rule (tenant_id, code) WHERE ended_at IS NULL; -- an ended rule's code is free again

-- What the condition was before it followed the tiers of new rules: [{"version", "was"}], the newest last.
ALTER TABLE segment ADD COLUMN followed jsonb NOT NULL DEFAULT '[]';

CREATE TABLE task (
    tenant_id       uuid NOT NULL,
    id              uuid NOT NULL DEFAULT uuidv7(),
    rule_id         uuid NOT NULL,
    member_id       uuid NOT NULL,         -- whose it is now (a merge moves it on)
    branch_id       uuid,                  -- the member's home; NULL: none, it is on the chain's own list
    campaign_id     uuid,                  -- the reason, where the rule has no rhythm of its own
    period          text,                  -- of the campaign: its year, or ever
    state           text NOT NULL CHECK (state IN ('open', 'done', 'skipped', 'settled', 'dropped')),
    value           bigint NOT NULL,       -- what the member spent in twelve months (minor units), for the order
    made_at         timestamptz NOT NULL,
    made_on         date NOT NULL,         -- the local day
    due_on          date NOT NULL,         -- the last local day on which it is in time; postponed: the day agreed on
    postponed_until date,                  -- isn't to be done before
    postponements   integer NOT NULL DEFAULT 0,
    outcome         text CHECK (outcome IN ('reached', 'not_reached', 'will_come', 'declined', 'other')),
    acted_by        text,                  -- who of staff did something with it last
    ended_at        timestamptz,
    ended_on        date,
    ended_by        text,
    rests_from      date NOT NULL,         -- the rhythm counts from this local day
    not_before      date,                  -- no further one of the rule before this local day: the member said no
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, rule_id) REFERENCES task_rule (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, branch_id) REFERENCES branch (tenant_id, id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign (tenant_id, id),
    CHECK ((campaign_id IS NULL) = (period IS NULL)),
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK ((ended_at IS NULL) = (ended_on IS NULL)),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
    CHECK ((state = 'done') = (outcome IS NOT NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX task_open ON task (tenant_id, rule_id, member_id) WHERE state = 'open'; -- one at a time
CREATE INDEX ON task (tenant_id, rule_id, member_id);
CREATE INDEX ON task (tenant_id, member_id);
CREATE INDEX ON task (tenant_id, campaign_id) WHERE campaign_id IS NOT NULL;
-- What a branch has to do, the most valuable first; the same for the whole chain.
CREATE INDEX ON task (tenant_id, branch_id, due_on, (-value), id) WHERE state = 'open';
CREATE INDEX ON task (tenant_id, due_on, (-value), id) WHERE state = 'open';
-- What it did.
CREATE INDEX ON task (tenant_id, branch_id, state, id) WHERE branch_id IS NOT NULL;
CREATE INDEX ON task (tenant_id, state, id);
CREATE INDEX ON task (tenant_id, made_at);
CREATE INDEX ON task (tenant_id, acted_by, state, id) WHERE acted_by IS NOT NULL; -- what I did

-- What staff did with a task; a task may be postponed several times.
CREATE TABLE task_act (
    tenant_id uuid NOT NULL,
    id        uuid NOT NULL DEFAULT uuidv7(),
    task_id   uuid NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('done', 'postpone', 'skip')),
    outcome   text,
    until     date,
    note      text,
    at        timestamptz NOT NULL,
    actor     text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES task (tenant_id, id),
    CHECK ((kind = 'done') = (outcome IS NOT NULL)),
    CHECK ((kind = 'postpone') = (until IS NOT NULL))
);
CREATE INDEX ON task_act (tenant_id, task_id, id);
CREATE INDEX ON task_act (tenant_id, at);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['task_rule', 'task', 'task_act'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO app USING (tenant_id = current_setting(''app.tenant_id'')::uuid)'
                       ' WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO app', t);
    END LOOP;
END $$;

-- Acts are append-only, but for what erasing a person takes out of them; tasks and rules end, and never go.
REVOKE UPDATE, DELETE ON task_act FROM app;
GRANT UPDATE (note) ON task_act TO app;
REVOKE DELETE ON task_rule, task FROM app;
