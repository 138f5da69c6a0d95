-- Publishing: each version says when members get the tier that it gives them, and what became of the tiers before it.

-- NULL: the version moves nobody by itself (a chain's first rules, a roll-back).
ALTER TABLE programme_version ADD COLUMN transition text
    CHECK (transition IN ('now', 'up_only', 'next_schedule', 'next_purchase', 'grandfather'));
ALTER TABLE programme_version ADD COLUMN effective_at timestamptz; -- as asked for; NULL: `published_at`
-- {ladder: {every code of it whose code or rank ever changed: the code that it is now}}
ALTER TABLE programme_version ADD COLUMN lineage jsonb NOT NULL DEFAULT '{}';
ALTER TABLE programme_version ADD COLUMN rolled_back_to integer CHECK (rolled_back_to < version);

-- A publish that waits for its time: a copy of the draft with what was said about it. One a tenant.
CREATE TABLE programme_pending (
    tenant_id  uuid PRIMARY KEY,
    document   jsonb NOT NULL,
    transition text NOT NULL CHECK (transition IN ('now', 'up_only', 'next_schedule', 'next_purchase', 'grandfather')),
    holders    jsonb NOT NULL,
    note       text,
    at         timestamptz NOT NULL, -- the tenant's clock
    failed     text,                 -- the problem's code, where it could not be published when its time came
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by text NOT NULL
);

-- On these ladders the run gives members the tier that the rules give them, as the version's transition says.
ALTER TABLE recalculation ADD COLUMN retarget text[] NOT NULL DEFAULT '{}';

-- NOT VALID: what the narrower checks before them let in needs no second look, and no long lock.
ALTER TABLE recalculation DROP CONSTRAINT recalculation_cause_check;
ALTER TABLE recalculation ADD CONSTRAINT recalculation_cause_check
    CHECK (cause IN ('request', 'schedule', 'import', 'rebuild', 'programme')) NOT VALID;
ALTER TABLE decision DROP CONSTRAINT decision_cause_check;
ALTER TABLE decision ADD CONSTRAINT decision_cause_check CHECK (cause IN
    ('purchase', 'refund', 'activity', 'referral', 'top_up', 'undo', 'recalculation', 'recheck', 'late', 'manual',
     'import', 'merge', 'campaign', 'birthday', 'programme')) NOT VALID;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['programme_pending'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO app USING (tenant_id = current_setting(''app.tenant_id'')::uuid)'
                       ' WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO app', t);
    END LOOP;
END $$;
