-- Proofs: what is stored of a member is what its facts give, decided again one after the other. A member's own facts
-- carry its numbers; which members a recalculation looked at, and when, is told by its batches. The last block switches
-- row level security on for the new tables.

-- One batch of a recalculation, or of the rechecks at the end of a day: it decided about the active members with an id
-- behind `after_member`, up to `last_member`; where `named` is there, about no others of them.
CREATE TABLE recalculation_batch (
    tenant_id         uuid NOT NULL,
    id                uuid NOT NULL DEFAULT uuidv7(),
    recalculation_id  uuid,                 -- NULL: the rechecks of the midnight `as_of`
    as_of             timestamptz NOT NULL, -- the instant decided about
    programme_version integer NOT NULL,
    after_member      uuid,                 -- NULL: from the first on
    last_member       uuid NOT NULL,
    named             uuid[],               -- of a run over those who changed, and of rechecks: whom it looked at
    members           integer NOT NULL CHECK (members > 0),
    last_runs         jsonb NOT NULL,       -- ladder → T of the last run over everyone, as this batch knew it
    evaluated_at      timestamptz NOT NULL, -- behind its locks, on the tenant's clock: its place among the members' facts
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, recalculation_id) REFERENCES recalculation (tenant_id, id)
);
CREATE INDEX ON recalculation_batch (tenant_id, recalculation_id) WHERE recalculation_id IS NOT NULL;
CREATE INDEX ON recalculation_batch (tenant_id, last_member); -- those about a slice of members

-- Some counts of referrals leave the tiers to a later evaluation (an import's, a merge's): a replay must know which.
ALTER TABLE referral_move ADD COLUMN programme_version integer; -- the rules that then decided; NULL: nothing was decided

-- By which rules an act was carried out: new ones may have come into force at its very instant. NULL: those of its time.
ALTER TABLE tier_act ADD COLUMN programme_version integer;

-- A walk over all members of the tenant, then the ledgers' checks; the last one that is done says when everything was
-- proved. `waiting`: the night was over before it was; it goes on in the next one.
CREATE TABLE proof (
    tenant_id    uuid NOT NULL,
    id           uuid NOT NULL DEFAULT uuidv7(), -- its job's, where somebody asked for it
    state        text NOT NULL CHECK (state IN ('running', 'waiting', 'done', 'failed')),
    started_at   timestamptz NOT NULL,         -- the tenant's clock, as the others
    stop_at      timestamptz,                  -- when its night is over; NULL: somebody asked for it, it goes on by day
    finished_at  timestamptz,
    total        bigint NOT NULL,              -- members there were when it started: what progress is shown by
    walked       boolean NOT NULL DEFAULT false, -- all members are through
    after_member uuid,                         -- goes on behind this member
    members      bigint NOT NULL DEFAULT 0,    -- proved
    erased       bigint NOT NULL DEFAULT 0,    -- whose facts are gone: counted, not proved
    checks       integer NOT NULL DEFAULT 0,   -- so many of the ledgers' checks are through
    too_long     text[] NOT NULL DEFAULT '{}', -- those of them that were cut off
    differences  bigint NOT NULL DEFAULT 0,
    proved_on    date,                         -- the local day on which it was done
    PRIMARY KEY (tenant_id, id),
    CHECK ((state IN ('done', 'failed')) = (finished_at IS NOT NULL)),
    CHECK ((state = 'done') = (proved_on IS NOT NULL))
);
CREATE UNIQUE INDEX ON proof (tenant_id) WHERE finished_at IS NULL; -- one at a time

-- What a proof found, the first thousand.
CREATE TABLE proof_difference (
    tenant_id uuid NOT NULL,
    proof_id  uuid NOT NULL,
    n         integer NOT NULL CHECK (n BETWEEN 1 AND 1000),
    kind      text NOT NULL,  -- decision, tier, day, month, total, measure, points, lot, bonus, recheck, or a ledger's check
    member_id uuid,           -- NULL: of a ledger's check that is about no member
    what      text NOT NULL,  -- which one of the kind
    expected  jsonb,
    stored    jsonb,
    why       jsonb NOT NULL, -- locale → text
    PRIMARY KEY (tenant_id, proof_id, n),
    FOREIGN KEY (tenant_id, proof_id) REFERENCES proof (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON proof_difference (tenant_id, member_id) WHERE member_id IS NOT NULL;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['recalculation_batch', 'proof', 'proof_difference'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO app USING (tenant_id = current_setting(''app.tenant_id'')::uuid)'
                       ' WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO app', t);
    END LOOP;
END $$;

-- Facts of the walk: append-only for the application, as decisions are.
REVOKE UPDATE, DELETE ON recalculation_batch FROM app;

-- Chains of before prove themselves, too; a publish and a change of zone set it again as sign-up does. The minute is
-- the chain's own.
INSERT INTO schedule (tenant_id, name, spec, next_at)
SELECT t.tenant_id, 'proof', jsonb_build_object('job', 'proof.night', 'kind', 'quiet_hour', 'timezone', t.timezone,
           'minute', m.minute),
       date_trunc('day', clock_timestamp() + t.clock_offset, t.timezone) + interval '1 day 3 hours'
           + m.minute * interval '1 minute'
  FROM tenant t CROSS JOIN LATERAL (SELECT abs(hashtext(t.tenant_id::text) % 60) AS minute) m
    ON CONFLICT DO NOTHING;

-- The operator sees when a chain was proved and how many differences there were, and nothing of its members.
CREATE POLICY operator ON proof FOR SELECT TO operator USING (true);
GRANT SELECT (tenant_id, id, state, started_at, finished_at, total, members, differences, proved_on) ON proof TO operator;
