-- Tenant tables. tenant_id leads every key; the last block switches row level security on for all of them at once.
-- Hot rows (member, aggregates, tiers) leave room on their page, so that an update that changes no indexed column stays on it.

CREATE TABLE tenant (
    tenant_id         uuid PRIMARY KEY,
    name              text NOT NULL,
    slug              text NOT NULL,
    template          text NOT NULL,
    variant           text, -- which of the template's ladder sets, where it has some to choose from
    locale            text NOT NULL,
    timezone          text NOT NULL,
    currency          text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    status            text NOT NULL CHECK (status IN ('trialing', 'active', 'past_due', 'suspended', 'cancelled')),
    plan              text NOT NULL,
    trial_ends_at     timestamptz,
    programme_version integer NOT NULL CHECK (programme_version >= 1),
    has_facts         boolean NOT NULL DEFAULT false, -- from the first on, time zone and currency are settled
    shared_phones     boolean NOT NULL DEFAULT false, -- whether the members of a household may have one phone
    clock_offset      interval NOT NULL DEFAULT '0', -- how far the tenant's clock is ahead of ours (sandboxes, tests)
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE branch (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    code       text NOT NULL,
    name       text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('own', 'franchise')),
    closed_at  timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code)
);

CREATE TABLE staff (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    account_id uuid NOT NULL,
    name       text NOT NULL,
    role       text NOT NULL CHECK (role IN ('owner', 'manager', 'clerk', 'analyst')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, account_id)
);

CREATE TABLE audit (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL DEFAULT uuidv7(),
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor      text NOT NULL,  -- key:<id>, staff:<id>, system
    action     text NOT NULL,  -- noun.verb
    target     text,           -- noun:<id>
    detail     jsonb NOT NULL DEFAULT '{}',
    request_id text,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE programme_version (
    tenant_id    uuid NOT NULL,
    version      integer NOT NULL CHECK (version >= 1),
    document     jsonb NOT NULL,
    published_at timestamptz NOT NULL,
    published_by text NOT NULL,
    note         text,
    PRIMARY KEY (tenant_id, version)
);

CREATE TABLE programme_draft (
    tenant_id  uuid PRIMARY KEY,
    document   jsonb NOT NULL,
    revision   integer NOT NULL CHECK (revision >= 1),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by text NOT NULL
);

CREATE TABLE member (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL,
    revision    integer NOT NULL DEFAULT 1, -- of the profile, for ETag
    joined_on   date NOT NULL,
    external_id text,
    phone       text CHECK (phone ~ '^\+[0-9]{4,15}$'),
    phone_last4 text GENERATED ALWAYS AS (right(phone, 4)) STORED,
    card_no     text,
    name        text,
    name_key    text GENERATED ALWAYS AS (lower(name)) STORED, -- searched by equality and ^@, both leakproof
    birthday    date,
    gender      text CHECK (gender IN ('female', 'male', 'other')),
    branch_id   uuid,
    kind        text NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'company')),
    status      text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'closed', 'merged', 'erased')),
    closed_at   timestamptz,      -- left, merged or erased: on the tenant's clock
    merged_into uuid,             -- the survivor, never itself merged: a later merge of the survivor moves this on
    referrer_id uuid CHECK (referrer_id <> id), -- who brought the member: direct only
    source      text NOT NULL CHECK (source IN ('api', 'import', 'till', 'page')),
    enrolled_by text,
    is_returning boolean NOT NULL DEFAULT false, -- had left, or was erased, before: no second welcome gift
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, branch_id) REFERENCES branch (tenant_id, id),
    FOREIGN KEY (tenant_id, merged_into) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, referrer_id) REFERENCES member (tenant_id, id),
    CHECK ((status = 'merged') = (merged_into IS NOT NULL)),
    CHECK ((status = 'active') = (closed_at IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX ON member (tenant_id, merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX ON member (tenant_id, referrer_id) WHERE referrer_id IS NOT NULL;
CREATE INDEX ON member (tenant_id, branch_id);
CREATE INDEX ON member (tenant_id, phone_last4);
-- Lists and counts of those who are there, who have left, who are erased: none walks past the others.
CREATE INDEX ON member (tenant_id, id) WHERE status = 'active';
CREATE INDEX ON member (tenant_id, id) WHERE status = 'closed';
CREATE INDEX ON member (tenant_id, id) WHERE status = 'erased';
CREATE INDEX ON member (tenant_id, name_key text_pattern_ops);

-- The member's last number: all writes about a member are in one order. It is a row of its own, and comes with the first,
-- because an update of `member` looks at every key that points there (9 µs against 4). Half empty pages: each number is
-- written where the last one was.
CREATE TABLE member_number (
    tenant_id uuid NOT NULL,
    member_id uuid NOT NULL,
    seq       bigint NOT NULL CHECK (seq > 0),
    PRIMARY KEY (tenant_id, member_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
) WITH (fillfactor = 50);

-- Every identifier that leads to a member. A row per identifier makes each unique in the tenant and found by equality.
CREATE TABLE member_identity (
    tenant_id uuid NOT NULL,
    kind      text NOT NULL, -- phone, card, external_id, wechat_unionid, wechat_openid:<app id>
    value     text NOT NULL,
    member_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, kind, value),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON member_identity (tenant_id, member_id);

CREATE TABLE purchase (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    member_id   uuid,             -- NULL: no member (散客)
    branch_id   uuid NOT NULL,
    seq         bigint,           -- the member's number of this fact
    external_id text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    local_day   date NOT NULL,    -- of occurred_at in the tenant's time zone, computed once
    amount      bigint NOT NULL CHECK (amount BETWEEN 0 AND 10000000000000), -- minor units, final
    lines       jsonb,
    tenders     jsonb,
    category    text,
    sold_by     text,
    source      text NOT NULL CHECK (source IN ('api', 'import')),
    programme_version integer,    -- the rules in force when it was recorded; NULL without a member
    actor       text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, branch_id) REFERENCES branch (tenant_id, id),
    CHECK ((member_id IS NULL) = (seq IS NULL))
);
CREATE INDEX ON purchase (tenant_id, member_id, id);
CREATE INDEX ON purchase (tenant_id, member_id, local_day); -- a refund looks for the largest that is left of a day
CREATE INDEX ON purchase (tenant_id, branch_id, recorded_at); -- a shift, at the till

-- The till's own numbers, unique for ever per branch. Its own table, so that `purchase` can be partitioned by time.
CREATE TABLE purchase_external (
    tenant_id   uuid NOT NULL,
    branch_id   uuid NOT NULL,
    external_id text NOT NULL,
    purchase_id uuid NOT NULL,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    PRIMARY KEY (tenant_id, branch_id, external_id)
);

-- Aggregates in three grains, kept in the transaction of the fact (money in minor units).
CREATE TABLE member_total (
    tenant_id    uuid NOT NULL,
    member_id    uuid NOT NULL,
    spend        bigint NOT NULL,
    purchases    bigint NOT NULL,
    max_purchase bigint NOT NULL,
    last_day     date NOT NULL, -- the last local day with a purchase
    PRIMARY KEY (tenant_id, member_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
) WITH (fillfactor = 80);

CREATE TABLE member_month (
    tenant_id    uuid NOT NULL,
    member_id    uuid NOT NULL,
    month        date NOT NULL CHECK (extract(day FROM month) = 1),
    spend        bigint NOT NULL,
    purchases    bigint NOT NULL,
    max_purchase bigint NOT NULL,
    -- A batch of a recalculation reads its members' months from the index alone: in the table they lie where trade left
    -- them, a page apart (10,000 members: 155 ms from the table, 25 ms from the index).
    PRIMARY KEY (tenant_id, member_id, month) INCLUDE (spend, purchases, max_purchase),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
) WITH (fillfactor = 90);

CREATE TABLE member_day (
    tenant_id    uuid NOT NULL,
    member_id    uuid NOT NULL,
    day          date NOT NULL,
    spend        bigint NOT NULL,
    purchases    bigint NOT NULL,
    max_purchase bigint NOT NULL,
    PRIMARY KEY (tenant_id, member_id, day) INCLUDE (spend, purchases, max_purchase), -- read alone, as the months are
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
) WITH (fillfactor = 95);

-- One row a member and ladder once a decision was made; a member without one is in the base tier since joined_on.
CREATE TABLE member_tier (
    tenant_id    uuid NOT NULL,
    member_id    uuid NOT NULL,
    ladder       text NOT NULL,
    tier         text NOT NULL,
    rank         smallint NOT NULL CHECK (rank >= 0),
    since        date NOT NULL,
    reason       text NOT NULL,
    valid_from   date NOT NULL,
    valid_until  date,
    fell_on      date,          -- day of the last fall: from then on `lifetime` in a qualify starts here
    locked_until date,          -- the last local day on which the rules leave the tier alone (it was set by hand)
    may_rise     boolean NOT NULL DEFAULT true, -- false under the lock of a tier that was lowered by hand
    decision_id  uuid NOT NULL,
    effective_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, member_id, ladder),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    CHECK (valid_until >= locked_until) -- so that nothing falls and nothing is renewed under a lock
) WITH (fillfactor = 80);
CREATE INDEX ON member_tier (tenant_id, ladder, rank, member_id);

-- Decisions are append-only: what was decided, when, why, by which version, from which values.
CREATE TABLE decision (
    tenant_id         uuid NOT NULL,
    id                uuid NOT NULL DEFAULT uuidv7(),
    member_id         uuid NOT NULL,
    ladder            text NOT NULL,
    seq               bigint NOT NULL,      -- the member's last number then: what it knew, and its place in the order
    reason            text NOT NULL CHECK (reason IN
        ('upgrade', 'renew', 'downgrade', 'refund', 'late', 'manual', 'import', 'merge', 'programme_change')),
    from_tier         text NOT NULL,
    to_tier           text NOT NULL,
    from_rank         smallint NOT NULL,
    to_rank           smallint NOT NULL,
    effective_at      timestamptz NOT NULL, -- the instant t of the evaluation
    recorded_at       timestamptz NOT NULL,
    day               date NOT NULL,        -- D: the last local day that the windows look at
    -- With to_tier and to_rank the whole standing after the decision: `member_tier` is the last of these, and an
    -- earlier one can be gone back to (a late sale, a refund, an undo).
    since             date NOT NULL,
    valid_from        date NOT NULL,
    valid_until       date,
    fell_on           date,
    locked_until      date,
    may_rise          boolean NOT NULL DEFAULT true,
    before            jsonb,                -- of a fact of the member's own: the row of `member_tier` that it replaced; {}: none
    programme_version integer NOT NULL,
    facts             jsonb NOT NULL,       -- leaf key → value
    cause             text NOT NULL CHECK (cause IN
        ('purchase', 'refund', 'activity', 'referral', 'top_up', 'undo', 'recalculation', 'recheck', 'late', 'manual',
         'import', 'merge', 'campaign', 'birthday')),
    cause_id          uuid NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON decision (tenant_id, member_id, id);
CREATE INDEX ON decision (tenant_id, effective_at);

CREATE TABLE job (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    kind       text NOT NULL,
    state      text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    progress   numeric NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    counts     jsonb NOT NULL DEFAULT '{}',
    result     jsonb,
    error      jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    request_id text,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE recalculation (
    tenant_id         uuid NOT NULL,
    id                uuid NOT NULL, -- the job's id
    as_of             timestamptz NOT NULL,
    day               date NOT NULL,   -- T: the local day of as_of
    ladders           text[] NOT NULL,
    programme_version integer NOT NULL,
    cause             text NOT NULL CHECK (cause IN ('request', 'schedule', 'import', 'rebuild')),
    incremental_from  timestamptz,     -- only members with facts recorded since (our clock); NULL: every member
    watermark         timestamptz,     -- the first batch's instant (our clock): facts recorded before it were seen
    after_member      uuid,            -- resumes behind this member
    members           bigint NOT NULL,
    evaluated         bigint NOT NULL DEFAULT 0,
    upgraded          bigint NOT NULL DEFAULT 0,
    renewed           bigint NOT NULL DEFAULT 0,
    downgraded        bigint NOT NULL DEFAULT 0,
    started_at        timestamptz,
    finished_at       timestamptz,
    PRIMARY KEY (tenant_id, id)
);

-- What the last finished run over every member established for a ladder.
CREATE TABLE ladder_run (
    tenant_id         uuid NOT NULL,
    ladder            text NOT NULL,
    as_of             timestamptz NOT NULL,
    day               date NOT NULL,
    programme_version integer NOT NULL,
    watermark         timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, ladder)
);

CREATE TABLE schedule (
    tenant_id uuid NOT NULL,
    name      text NOT NULL,
    spec      jsonb NOT NULL,
    next_at   timestamptz NOT NULL, -- on the tenant's clock
    PRIMARY KEY (tenant_id, name)
);

CREATE TABLE outbox (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL DEFAULT uuidv7(),
    name       text NOT NULL,
    payload    jsonb NOT NULL,
    request_id text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    next_at    timestamptz NOT NULL DEFAULT clock_timestamp(), -- when the relay sends it (again)
    attempts   integer NOT NULL DEFAULT 0,
    sends      integer NOT NULL DEFAULT 0, -- of this attempt, by the relay
    starts     integer NOT NULL DEFAULT 0, -- of this attempt, once it was sent suspiciously often
    last_error text,
    dead_at    timestamptz,
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000); -- a queue: all rows go
-- The relay hops from tenant to tenant and takes a few due rows of each.
CREATE INDEX outbox_due ON outbox (tenant_id, next_at) WHERE dead_at IS NULL;
CREATE INDEX outbox_dead ON outbox (dead_at) WHERE dead_at IS NOT NULL;

CREATE TABLE idempotency (
    tenant_id   uuid NOT NULL,
    key         bytea NOT NULL,
    fingerprint bytea NOT NULL,
    status      integer,
    head        bytea,
    body        bytea,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, key)
) WITH (fillfactor = 70);
CREATE INDEX ON idempotency (created_at);

CREATE TABLE import_run (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL,  -- the job's id
    kind        text NOT NULL CHECK (kind IN ('members', 'purchases', 'activities', 'opening_balances')),
    options     jsonb NOT NULL,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32), -- of options, size and digest of the upload
    file        text NOT NULL,  -- path in the file store; removed when the import is through
    file_size   bigint NOT NULL, -- of the stored file (gunzipped)
    actor       text NOT NULL,
    branch_ids  uuid[],         -- those that the caller may write at; NULL: every branch
    state       text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    batch       integer NOT NULL DEFAULT 0, -- the batch to come
    cursor      jsonb,                      -- how the file is read, and where the next batch begins
    rows        bigint NOT NULL DEFAULT 0,
    imported    bigint NOT NULL DEFAULT 0,
    updated     bigint NOT NULL DEFAULT 0,
    unchanged   bigint NOT NULL DEFAULT 0,
    failed      bigint NOT NULL DEFAULT 0,
    points      bigint NOT NULL DEFAULT 0,  -- accrued
    errors_kept bigint NOT NULL DEFAULT 0,
    recalculation_id uuid,      -- the run that decided the tiers afterwards
    error       jsonb,
    started_at  timestamptz,    -- our clock
    finished_at timestamptz,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE import_error (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    line      bigint NOT NULL,
    "column"  text NOT NULL,
    code      text NOT NULL,
    params    jsonb NOT NULL DEFAULT '{}',
    value     text,
    PRIMARY KEY (tenant_id, import_id, line, "column"),
    FOREIGN KEY (tenant_id, import_id) REFERENCES import_run (tenant_id, id)
);

-- Row level security, the same on every tenant table: simple equality, an error outside a scope.
DO $$
DECLARE t text;
BEGIN
    FOR t IN SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
              WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO app USING (tenant_id = current_setting(''app.tenant_id'')::uuid)'
                       ' WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO app', t);
    END LOOP;
END $$;

-- Append-only for the application.
REVOKE UPDATE, DELETE ON decision, audit, programme_version, purchase, purchase_external, tenant FROM app;
GRANT UPDATE (name, locale, timezone, currency, has_facts, shared_phones, programme_version) ON tenant TO app;

-- But a rebuild makes them anew. It says so, with SET ROLE, for the one statement that needs it.
CREATE POLICY rebuilder ON decision TO rebuilder USING (tenant_id = current_setting('app.tenant_id')::uuid);
GRANT SELECT (tenant_id, member_id), DELETE ON decision TO rebuilder;

-- The relay sees every tenant's outbox and schedules, the clock they go by, and whether it trades; nothing else.
CREATE POLICY relay ON outbox TO relay USING (true) WITH CHECK (true);
CREATE POLICY relay ON schedule TO relay USING (true) WITH CHECK (true);
CREATE POLICY relay ON tenant FOR SELECT TO relay USING (true);
GRANT SELECT, INSERT, UPDATE (next_at, sends) ON outbox TO relay;
GRANT SELECT, UPDATE (next_at) ON schedule TO relay;
GRANT SELECT (tenant_id, clock_offset, status) ON tenant TO relay;

-- The operator reads what he must to run the service: tenants and dead letters; ends old idempotency keys.
CREATE POLICY operator ON tenant FOR SELECT TO operator USING (true);
CREATE POLICY operator ON outbox TO operator USING (true) WITH CHECK (true);
CREATE POLICY operator ON idempotency TO operator USING (true) WITH CHECK (true);
GRANT SELECT ON tenant, outbox TO operator;
GRANT UPDATE (next_at, attempts, sends, starts, dead_at, last_error), DELETE ON outbox TO operator;
GRANT SELECT (created_at), DELETE ON idempotency TO operator;
