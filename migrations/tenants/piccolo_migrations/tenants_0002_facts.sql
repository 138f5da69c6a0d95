-- Facts beside purchases (refunds, activities, referrals, acts by hand), what the wider metrics sum, and what the rules
-- owe a member (a recheck, a warning). The last block switches row level security on for the new tables.

-- What was given back of a purchase. The purchase itself is never changed.
CREATE TABLE refund (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    purchase_id uuid NOT NULL,
    member_id   uuid,             -- as of the purchase
    branch_id   uuid NOT NULL,    -- of the purchase
    seq         bigint,           -- the member's number of this fact
    external_id text NOT NULL,
    recorded_at timestamptz NOT NULL,
    amount      bigint NOT NULL CHECK (amount > 0), -- minor units
    lines       jsonb,            -- [[line, amount], …] as it was spread; NULL where the purchase has no lines
    reason      text,
    source      text NOT NULL CHECK (source IN ('api', 'import')),
    actor       text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, purchase_id) REFERENCES purchase (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, branch_id) REFERENCES branch (tenant_id, id),
    CHECK ((member_id IS NULL) = (seq IS NULL))
);
CREATE INDEX ON refund (tenant_id, purchase_id);
CREATE INDEX ON refund (tenant_id, member_id, id);
CREATE INDEX ON refund (tenant_id, branch_id, recorded_at);

CREATE TABLE refund_external (
    tenant_id   uuid NOT NULL,
    branch_id   uuid NOT NULL,
    external_id text NOT NULL,
    refund_id   uuid NOT NULL,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    PRIMARY KEY (tenant_id, branch_id, external_id)
);

-- How much of a purchase was given back so far; a row from its first refund on. Never more than the whole.
CREATE TABLE purchase_refunded (
    tenant_id   uuid NOT NULL,
    purchase_id uuid NOT NULL,
    member_id   uuid,
    local_day   date NOT NULL,    -- of the purchase
    amount      bigint NOT NULL,  -- of the purchase
    refunded    bigint NOT NULL CHECK (refunded > 0 AND refunded <= amount),
    lines       bigint[],         -- refunded of each line
    PRIMARY KEY (tenant_id, purchase_id),
    FOREIGN KEY (tenant_id, purchase_id) REFERENCES purchase (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON purchase_refunded (tenant_id, member_id, local_day);

-- Something else that a member did: a check-in, a class, a review, a measurement.
CREATE TABLE activity (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    member_id   uuid NOT NULL,
    branch_id   uuid,
    seq         bigint NOT NULL,
    kind        text NOT NULL,
    external_id text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    local_day   date NOT NULL,
    value       numeric(14, 4),
    data        jsonb,
    programme_version integer NOT NULL, -- the rules in force when it was recorded
    source      text NOT NULL CHECK (source IN ('api', 'import')),
    actor       text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, branch_id) REFERENCES branch (tenant_id, id)
);
CREATE INDEX ON activity (tenant_id, member_id, id);
CREATE INDEX ON activity (tenant_id, branch_id) WHERE branch_id IS NOT NULL;

CREATE TABLE activity_external (
    tenant_id   uuid NOT NULL,
    external_id text NOT NULL,
    activity_id uuid NOT NULL,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    PRIMARY KEY (tenant_id, external_id)
);

-- Who was brought by whom, from the first purchase on that stands: counted once, on that purchase's day.
CREATE TABLE referral (
    tenant_id   uuid NOT NULL,
    member_id   uuid NOT NULL, -- who was brought
    referrer_id uuid NOT NULL,
    seq         bigint NOT NULL, -- the referrer's number when it was last counted
    recorded_at timestamptz NOT NULL,
    counted_on  date,          -- NULL: the only purchases were given back
    PRIMARY KEY (tenant_id, member_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, referrer_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON referral (tenant_id, referrer_id);

-- Each count of a referral, each move of its day and each taking back: facts in the referrer's order.
CREATE TABLE referral_move (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    member_id   uuid NOT NULL,   -- who was brought
    referrer_id uuid NOT NULL,
    seq         bigint NOT NULL, -- the referrer's number
    from_day    date,            -- NULL: it wasn't counted for this referrer
    to_day      date,            -- NULL: it no longer is
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, referrer_id) REFERENCES member (tenant_id, id),
    CHECK (from_day IS DISTINCT FROM to_day)
);
CREATE INDEX ON referral_move (tenant_id, member_id);
CREATE INDEX ON referral_move (tenant_id, referrer_id, id);

-- What the metrics beside plain spend sum, by code: `category:<label>`, `branch:<id>` (net amount; purchases that stand),
-- `activity` and `activity:<kind>` (sum of the numbers; how many; how many of them with a number), `referral` (how many),
-- `top_up` (principal; how many; the largest), `points` (accrued less reversals). Kept in the transaction of the fact.
CREATE TABLE measure_month (
    tenant_id uuid NOT NULL,
    member_id uuid NOT NULL,
    measure   text NOT NULL,
    month     date NOT NULL CHECK (extract(day FROM month) = 1),
    total     numeric NOT NULL DEFAULT 0,
    facts     bigint NOT NULL DEFAULT 0,
    valued    bigint NOT NULL DEFAULT 0,
    most      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, member_id, measure, month) INCLUDE (total, facts, valued, most),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
) WITH (fillfactor = 90);

CREATE TABLE measure_day (
    tenant_id uuid NOT NULL,
    member_id uuid NOT NULL,
    measure   text NOT NULL,
    day       date NOT NULL,
    total     numeric NOT NULL DEFAULT 0,
    facts     bigint NOT NULL DEFAULT 0,
    valued    bigint NOT NULL DEFAULT 0,
    most      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, member_id, measure, day),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
) WITH (fillfactor = 95);

-- What staff did to a tier by hand: facts, like purchases.
CREATE TABLE tier_act (
    tenant_id    uuid NOT NULL,
    id           uuid NOT NULL DEFAULT uuidv7(),
    member_id    uuid NOT NULL,
    ladder       text NOT NULL,
    seq          bigint NOT NULL,
    act          text NOT NULL CHECK (act IN ('set', 'unlock', 'opening')),
    tier         text,
    reason       text,
    since        date,
    locked_until date,
    recorded_at  timestamptz NOT NULL,
    import_id    uuid,          -- what brought an opening
    actor        text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    CHECK ((act = 'opening') = (import_id IS NOT NULL))
);
CREATE INDEX ON tier_act (tenant_id, member_id, id);

-- Tiers that a refund has put in question, until their recheck.
CREATE TABLE tier_recheck (
    tenant_id uuid NOT NULL,
    member_id uuid NOT NULL,
    ladder    text NOT NULL,
    due_at    timestamptz NOT NULL, -- the local midnight at which it is looked at
    refund_id uuid NOT NULL,        -- the first one since the last recheck
    PRIMARY KEY (tenant_id, member_id, ladder),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON tier_recheck (tenant_id, ladder, due_at);

-- Who was told that a validity ends: once a validity.
CREATE TABLE tier_notice (
    tenant_id   uuid NOT NULL,
    member_id   uuid NOT NULL,
    ladder      text NOT NULL,
    valid_until date NOT NULL,
    event_id    uuid NOT NULL,
    PRIMARY KEY (tenant_id, member_id, ladder, valid_until),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);

-- What happened, for the tenant's own systems: the feed of events. Written with the fact, in its transaction.
CREATE TABLE event (
    tenant_id uuid NOT NULL,
    id        uuid NOT NULL DEFAULT uuidv7(),
    type      text NOT NULL, -- noun.verb: tier.expiring
    member_id uuid,
    at        timestamptz NOT NULL,
    data      jsonb NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON event (tenant_id, member_id, id) WHERE member_id IS NOT NULL;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['refund', 'refund_external', 'purchase_refunded', 'activity', 'activity_external',
                             'referral', 'referral_move', 'measure_month', 'measure_day', 'tier_act', 'tier_recheck',
                             'tier_notice', 'event'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO app USING (tenant_id = current_setting(''app.tenant_id'')::uuid)'
                       ' WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO app', t);
    END LOOP;
END $$;
REVOKE UPDATE, DELETE ON refund, refund_external, activity, activity_external, referral_move, tier_act, event
    FROM app;
