-- Billing: a chain's own subscription to us. Stripe is the truth for money; what is here is our copy, what we asked
-- Stripe for, and the ledger of use that we are paid by. Money in minor units of the currency. The last block switches
-- row level security on.

ALTER TABLE tenant ADD COLUMN plan_revision text;                            -- NULL: in trial, which has no price
ALTER TABLE tenant ADD COLUMN held_by_operator boolean NOT NULL DEFAULT false; -- suspended by hand: stays, whatever Stripe says
GRANT UPDATE (status, plan, plan_revision, trial_ends_at, held_by_operator) ON tenant TO app;

-- The one subscription, as Stripe last told it. Two that read at the same time: each takes a number before it asks, and
-- writes only where no later number was written.
CREATE TABLE subscription (
    tenant_id            uuid PRIMARY KEY,
    subscription_id      text,    -- NULL: none yet; the row is there to be locked
    base_item_id         text,    -- the item of the monthly price
    usage_item_id        text,    -- the item of the metered price
    plan                 text,    -- code and revision of the base item's price
    revision             text,
    currency             text CHECK (currency ~ '^[A-Z]{3}$'),
    stripe_status        text,
    collection_method    text CHECK (collection_method IN ('charge_automatically', 'send_invoice')),
    period_start         timestamptz,
    period_end           timestamptz,
    trial_end            timestamptz,
    cancel_at_period_end boolean NOT NULL DEFAULT false,
    cancel_at            timestamptz,
    ended_at             timestamptz,
    latest_invoice_id    text,
    payment_method       jsonb,   -- {brand, last4, exp_month, exp_year}
    next_plan            text,    -- from the period's end on: a downgrade that was chosen
    next_revision        text,
    next_step            text CHECK (next_step IN ('usage')), -- the base price is changed already, the metered one isn't
    past_due_since       timestamptz,
    overdue_since        timestamptz, -- an invoice that isn't paid by card is past its due date
    read_number          bigint NOT NULL DEFAULT 0,
    written_number       bigint NOT NULL DEFAULT 0 CHECK (written_number <= read_number),
    read_at              timestamptz,
    CHECK ((subscription_id IS NULL) = (stripe_status IS NULL)),
    CHECK ((next_plan IS NULL) = (next_revision IS NULL)),
    CHECK (next_step IS NULL OR next_plan IS NOT NULL),
    CHECK (period_start < period_end)
);

-- Who pays. The customer is made at Stripe when there is something to be paid.
CREATE TABLE billing_profile (
    tenant_id   uuid PRIMARY KEY,
    customer_id text,
    test_clock  text,  -- of Stripe's, for tests: the customer lives by it
    email       text,
    fapiao      jsonb  -- {type: normal|special, title, tax_number, address, phone, bank, account, email}
);

-- What we ask of Stripe, written before it is asked: the id gives the idempotency keys of its steps.
CREATE TABLE billing_operation (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    kind       text NOT NULL,
    key        text,     -- the caller's Idempotency-Key
    request    jsonb NOT NULL,
    state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'failed')),
    step       integer NOT NULL DEFAULT 0 CHECK (step >= 0),  -- so many steps are through
    answer     jsonb NOT NULL DEFAULT '{}',                   -- what the steps gave, by step
    error      jsonb,    -- {code, params}
    attempts   integer NOT NULL DEFAULT 0,
    actor      text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(), -- real time: Stripe forgets a key after a day of it
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, key),
    CHECK ((state = 'failed') = (error IS NOT NULL))
);
CREATE UNIQUE INDEX billing_operation_open ON billing_operation (tenant_id) WHERE state = 'open'; -- one at a time

CREATE TABLE invoice (
    tenant_id         uuid NOT NULL,
    id                text NOT NULL,
    subscription_id   text,
    number            text,    -- NULL: still a draft
    status            text NOT NULL CHECK (status IN ('draft', 'open', 'paid', 'uncollectible', 'void')),
    billing_reason    text,
    collection_method text NOT NULL CHECK (collection_method IN ('charge_automatically', 'send_invoice')),
    currency          text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    total             bigint NOT NULL,
    amount_due        bigint NOT NULL,
    amount_paid       bigint NOT NULL,
    amount_remaining  bigint NOT NULL,
    period_start      timestamptz NOT NULL,
    period_end        timestamptz NOT NULL,
    created_at        timestamptz NOT NULL, -- Stripe's
    due_at            timestamptz,
    paid_at           timestamptz,
    out_of_band       boolean NOT NULL DEFAULT false, -- marked as paid by the operator
    attempt_count     integer NOT NULL DEFAULT 0,
    next_attempt_at   timestamptz,
    hosted_url        text,
    pdf_url           text,
    lines             jsonb NOT NULL DEFAULT '[]',
    read_at           timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ON invoice (tenant_id, created_at, id);
CREATE INDEX ON invoice (tenant_id, status) WHERE status IN ('draft', 'open');

-- Events of Stripe's that are about this chain, once each. They trigger a read and are never believed.
CREATE TABLE stripe_event (
    tenant_id   uuid NOT NULL,
    id          text NOT NULL,
    type        text NOT NULL,
    object_id   text,
    created_at  timestamptz NOT NULL, -- Stripe's
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    via         text NOT NULL CHECK (via IN ('webhook', 'backfill')),
    handled_at  timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ON stripe_event (tenant_id, received_at);

-- What use is counted in: a subscription's period as Stripe bills it, or the trial, which nobody bills. Facts are found
-- by their ids, which grow with our own clock, whatever the chain's shows.
CREATE TABLE usage_period (
    tenant_id    uuid NOT NULL,
    period_start timestamptz NOT NULL,
    period_end   timestamptz NOT NULL,
    billed       boolean NOT NULL,
    plan         text NOT NULL, -- in force at the last count while it ran
    revision     text,          -- of the plan; NULL in trial
    facts_from   timestamptz,  -- our clock: none of its facts was written before; NULL: unknown
    seen_to      timestamptz,  -- our clock: what was written before it has been looked at; while the period ran
    seen_at      timestamptz,  -- the same instant on the chain's clock
    counted_at   timestamptz,  -- the chain's clock
    members      bigint NOT NULL DEFAULT 0 CHECK (members >= 0), -- active in it
    PRIMARY KEY (tenant_id, period_start),
    CHECK (period_start < period_end)
);

-- Who was active in a period, and by which fact first.
CREATE TABLE usage_member (
    tenant_id    uuid NOT NULL,
    period_start timestamptz NOT NULL,
    member_id    uuid NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('purchase', 'activity', 'redemption', 'top_up')),
    source_id    uuid NOT NULL,
    at           timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, period_start, member_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON usage_member (tenant_id, member_id);

-- What was counted, and what of it Stripe's meter was told.
CREATE TABLE usage_report (
    tenant_id    uuid NOT NULL,
    identifier   text NOT NULL,   -- Stripe's: the same one is counted once
    period_start timestamptz NOT NULL,
    day          date NOT NULL,   -- local
    value        bigint NOT NULL CHECK (value >= 0),
    counted_at   timestamptz NOT NULL,
    at           timestamptz NOT NULL, -- the instant that the report is about
    sent_at      timestamptz,
    failed       text,
    PRIMARY KEY (tenant_id, identifier)
);
CREATE INDEX ON usage_report (tenant_id, period_start, at);
CREATE INDEX ON usage_report (tenant_id, at) WHERE sent_at IS NULL AND failed IS NULL;
CREATE INDEX ON usage_report (failed, tenant_id) WHERE failed IS NOT NULL; -- the operator's list

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['subscription', 'billing_profile', 'billing_operation', 'invoice', 'stripe_event',
                             'usage_period', 'usage_member', 'usage_report'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO app USING (tenant_id = current_setting(''app.tenant_id'')::uuid)'
                       ' WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO app', t);
    END LOOP;
END $$;

-- What money was asked for and paid by never goes.
REVOKE DELETE ON subscription, billing_profile, billing_operation, invoice, stripe_event, usage_period, usage_report
    FROM app;

-- Chains of before: their owner is who pays.
INSERT INTO billing_profile (tenant_id, email)
SELECT DISTINCT ON (b.tenant_id) b.tenant_id, a.email
  FROM platform.account_tenant b JOIN platform.account a ON a.id = b.account_id
 WHERE b.role = 'owner' ORDER BY b.tenant_id, a.created_at
    ON CONFLICT DO NOTHING;

-- The operator sees who pays and what is owed.
CREATE POLICY operator ON subscription FOR SELECT TO operator USING (true);
CREATE POLICY operator ON invoice FOR SELECT TO operator USING (true);
CREATE POLICY operator ON billing_profile FOR SELECT TO operator USING (true);
GRANT SELECT ON subscription, invoice, billing_profile TO operator;

-- And which reports of use Stripe has refused.
CREATE POLICY operator ON usage_report FOR SELECT TO operator USING (true);
GRANT SELECT ON usage_report TO operator;

-- Use is counted every night at 1 o'clock; sign-up sets this for chains to come.
INSERT INTO schedule (tenant_id, name, spec, next_at)
SELECT t.tenant_id, 'billing-usage',
       jsonb_build_object('job', 'billing.usage', 'kind', 'usage_hour', 'timezone', t.timezone),
       (date_trunc('day', (clock_timestamp() + t.clock_offset) AT TIME ZONE t.timezone - interval '1 hour')
            + interval '1 day 1 hour')
           AT TIME ZONE t.timezone
  FROM tenant t
    ON CONFLICT DO NOTHING;
