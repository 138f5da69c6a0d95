-- Value: points, stored value, passes, coupons, rewards, benefits, campaigns, cards. Every ledger is the same: entries
-- that nobody changes, unique by kind and source; lots or states that they add up to; a balance that is their sum.
-- Money is in minor units. Long lists of kinds are domains: a table's own CHECKs are parsed anew by each statement that
-- writes to it, a domain's once a session. The last block switches row level security on.

-- ── points ──────────────────────────────────────────────────────────────────────────────────────────────────────────

-- The balance is open - debt: what the open lots have left, less what was taken back beyond them.
CREATE TABLE points_account (
    tenant_id uuid NOT NULL,
    member_id uuid NOT NULL,
    open      bigint NOT NULL DEFAULT 0 CHECK (open >= 0),
    debt      bigint NOT NULL DEFAULT 0 CHECK (debt >= 0),
    PRIMARY KEY (tenant_id, member_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    CHECK (open = 0 OR debt = 0) -- new points pay debt first
) WITH (fillfactor = 50); -- at the end of a year every row of a page is updated at once

CREATE DOMAIN points_kind AS text CHECK (VALUE IN (
    'earn', 'top_up', 'activity', 'referral', 'birthday', 'campaign',         -- accrued
    'reverse', 'top_up_reverse', 'undo_earn', 'undo_top_up',                  -- accrued and taken back
    'redeem', 'return', 'undo_redeem', 'reward', 'reward_return', 'use',      -- spent, given back
    'adjust', 'opening', 'expire', 'void', 'merge_out', 'merge_in'));

CREATE TABLE points_entry (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    member_id   uuid NOT NULL,
    seq         bigint NOT NULL,    -- the member's number of the fact that it belongs to
    kind        points_kind NOT NULL,
    source_id   uuid NOT NULL,      -- the purchase, refund, top-up, lot, merge, … that is its reason
    points      bigint NOT NULL CHECK (points <> 0),
    balance     bigint NOT NULL,    -- after it
    day         date NOT NULL,      -- the local day on which it counts (of a reversal: the accrual's)
    recorded_at timestamptz NOT NULL,
    branch_id   uuid,
    reason      text,
    actor       text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, kind, source_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON points_entry (tenant_id, member_id, id);

CREATE TABLE points_lot (
    tenant_id      uuid NOT NULL,
    id             uuid NOT NULL,   -- its entry's
    member_id      uuid NOT NULL,   -- who has it now (a merge moves it on)
    points         bigint NOT NULL CHECK (points > 0),
    "left"         bigint NOT NULL,
    day            date NOT NULL,   -- of the accrual
    spendable_from date NOT NULL,   -- the first local day on which it may be spent
    expires_on     date,            -- the last local day of it; NULL: never
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, id) REFERENCES points_entry (tenant_id, id), -- which names the member
    CHECK ("left" BETWEEN 0 AND points)
) WITH (fillfactor = 80);
CREATE INDEX ON points_lot (tenant_id, member_id, expires_on) WHERE "left" > 0;
CREATE INDEX ON points_lot (tenant_id, member_id, spendable_from) WHERE "left" > 0 AND spendable_from > day;
CREATE INDEX ON points_lot (tenant_id, expires_on, member_id) WHERE "left" > 0 AND expires_on IS NOT NULL;

-- What an entry took out of which lot, or (negative) gave back to it. An expiry takes all that its lot has: no row.
CREATE TABLE points_take (
    tenant_id uuid NOT NULL,
    entry_id  uuid NOT NULL,
    lot_id    uuid NOT NULL,
    points    bigint NOT NULL CHECK (points <> 0),
    PRIMARY KEY (tenant_id, entry_id, lot_id),
    FOREIGN KEY (tenant_id, entry_id) REFERENCES points_entry (tenant_id, id),
    FOREIGN KEY (tenant_id, lot_id) REFERENCES points_lot (tenant_id, id)
);
CREATE INDEX ON points_take (tenant_id, lot_id);

-- Points moved by hand or spent at the counter without a purchase, with the caller's own number.
CREATE TABLE points_act (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    member_id   uuid NOT NULL,
    seq         bigint NOT NULL,
    act         text NOT NULL CHECK (act IN ('adjust', 'redeem')),
    points      bigint NOT NULL CHECK (points <> 0),
    external_id text,
    fingerprint bytea CHECK (length(fingerprint) = 32),
    branch_id   uuid,
    reason      text,
    expires_on  date,
    recorded_at timestamptz NOT NULL,
    actor       text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, external_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, branch_id) REFERENCES branch (tenant_id, id)
);
CREATE INDEX ON points_act (tenant_id, member_id, id);
CREATE INDEX ON points_act (tenant_id, branch_id) WHERE branch_id IS NOT NULL;

-- Who was told that points end: once a member and day.
CREATE TABLE points_notice (
    tenant_id  uuid NOT NULL,
    member_id  uuid NOT NULL,
    expires_on date NOT NULL,
    event_id   uuid NOT NULL,
    PRIMARY KEY (tenant_id, member_id, expires_on),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);

-- ── wallet ──────────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE wallet_account (
    tenant_id uuid NOT NULL,
    member_id uuid NOT NULL,
    principal bigint NOT NULL DEFAULT 0 CHECK (principal >= 0),
    bonus     bigint NOT NULL DEFAULT 0 CHECK (bonus >= 0),
    PRIMARY KEY (tenant_id, member_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
) WITH (fillfactor = 80);

CREATE DOMAIN wallet_kind AS text CHECK (VALUE IN (
    'top_up', 'top_up_bonus', 'spend', 'spend_bonus', 'return', 'return_bonus', 'undo_spend', 'undo_spend_bonus',
    'refund', 'refund_bonus', 'refund_deduction', 'undo_top_up', 'undo_top_up_bonus', 'void_bonus',
    'opening', 'opening_bonus', 'merge_out', 'merge_out_bonus', 'merge_in', 'merge_in_bonus'));
CREATE DOMAIN wallet_side AS text CHECK (VALUE IN ('principal', 'bonus', 'cash', 'sales', 'bonus_cost', 'merge', 'opening'));

-- One movement: so much from the account debited to the account credited. `principal` and `bonus` are the member's (a
-- liability of the chain: a credit adds to it); the others are the chain's: what came and went through the tills
-- (`cash`), what was bought (`sales`), what bonus costs (`bonus_cost`), what a merge or an opening moves.
CREATE TABLE wallet_entry (
    tenant_id       uuid NOT NULL,
    id              uuid NOT NULL DEFAULT uuidv7(),
    member_id       uuid NOT NULL,
    seq             bigint NOT NULL,
    kind            wallet_kind NOT NULL,
    source_id       uuid NOT NULL,     -- the top-up, purchase, refund, merge, … that is its reason
    debit           wallet_side NOT NULL,
    credit          wallet_side NOT NULL,
    amount          bigint NOT NULL CHECK (amount > 0),
    principal_after bigint NOT NULL CHECK (principal_after >= 0),
    bonus_after     bigint NOT NULL CHECK (bonus_after >= 0),
    branch_id       uuid,
    recorded_at     timestamptz NOT NULL,
    reason          text,
    actor           text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, kind, source_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    CHECK ((debit IN ('principal', 'bonus')) <> (credit IN ('principal', 'bonus')))
);
CREATE INDEX ON wallet_entry (tenant_id, member_id, id);

-- Each top-up is a lot: what was paid in, what came with it, what is left of both.
CREATE TABLE wallet_lot (
    tenant_id      uuid NOT NULL,
    id             uuid NOT NULL,      -- the top-up's; of an opening balance its own
    member_id      uuid NOT NULL,      -- who has it now (a merge moves it on)
    branch_id      uuid,               -- where it was paid in; NULL: an opening balance without one
    principal      bigint NOT NULL CHECK (principal >= 0),
    bonus          bigint NOT NULL CHECK (bonus >= 0),
    principal_left bigint NOT NULL,
    bonus_left     bigint NOT NULL,
    refunded       bigint NOT NULL DEFAULT 0 CHECK (refunded >= 0),     -- of the principal
    bonus_voided   bigint NOT NULL DEFAULT 0 CHECK (bonus_voided >= 0), -- taken back with it, deducted or not
    recorded_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, branch_id) REFERENCES branch (tenant_id, id),
    CHECK (principal_left BETWEEN 0 AND principal - refunded),
    CHECK (bonus_left BETWEEN 0 AND bonus),
    CHECK (principal + bonus > 0)
) WITH (fillfactor = 80);
CREATE INDEX ON wallet_lot (tenant_id, member_id, recorded_at); -- of all: what it names doesn't change as a lot is spent
CREATE INDEX ON wallet_lot (tenant_id, branch_id) WHERE branch_id IS NOT NULL;

-- What a movement took out of which lot, or (negative) gave back to it, and where: branches settle by these.
CREATE TABLE wallet_take (
    tenant_id   uuid NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('spend', 'return', 'undo_spend', 'refund', 'undo_top_up', 'void')),
    source_id   uuid NOT NULL,
    lot_id      uuid NOT NULL,
    branch_id   uuid,
    recorded_at timestamptz NOT NULL,
    principal   bigint NOT NULL,
    bonus       bigint NOT NULL,
    paid_out    bigint NOT NULL DEFAULT 0, -- of a refund: the money that left the till
    PRIMARY KEY (tenant_id, kind, source_id, lot_id),
    FOREIGN KEY (tenant_id, lot_id) REFERENCES wallet_lot (tenant_id, id),
    CHECK (principal <> 0 OR bonus <> 0)
);
CREATE INDEX ON wallet_take (tenant_id, lot_id);
CREATE INDEX ON wallet_take (tenant_id, recorded_at);

CREATE TABLE top_up (
    tenant_id         uuid NOT NULL,
    id                uuid NOT NULL DEFAULT uuidv7(),
    member_id         uuid NOT NULL,
    branch_id         uuid NOT NULL,
    seq               bigint NOT NULL,
    external_id       text NOT NULL,
    amount            bigint NOT NULL CHECK (amount BETWEEN 1 AND 10000000000000), -- principal
    bonus             bigint NOT NULL CHECK (bonus >= 0),
    gift              jsonb,            -- the thing that came with it, as the step named it
    tenders           jsonb,
    occurred_at       timestamptz NOT NULL,
    recorded_at       timestamptz NOT NULL,
    local_day         date NOT NULL,
    sold_by           text,
    programme_version integer NOT NULL,
    actor             text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, branch_id) REFERENCES branch (tenant_id, id)
);
CREATE INDEX ON top_up (tenant_id, member_id, id);
CREATE INDEX ON top_up (tenant_id, branch_id, recorded_at);

CREATE TABLE top_up_external (
    tenant_id   uuid NOT NULL,
    external_id text NOT NULL,
    top_up_id   uuid NOT NULL,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    PRIMARY KEY (tenant_id, external_id)
);

-- Principal paid back: `amount` left the wallet, `paid_out` the till (less what bonus was spent beyond its share).
CREATE TABLE wallet_refund (
    tenant_id    uuid NOT NULL,
    id           uuid NOT NULL DEFAULT uuidv7(),
    member_id    uuid NOT NULL,
    branch_id    uuid NOT NULL,
    seq          bigint NOT NULL,
    external_id  text NOT NULL,
    fingerprint  bytea NOT NULL CHECK (length(fingerprint) = 32),
    amount       bigint NOT NULL CHECK (amount > 0),
    bonus_voided bigint NOT NULL CHECK (bonus_voided >= 0),
    deducted     bigint NOT NULL CHECK (deducted >= 0),
    paid_out     bigint NOT NULL CHECK (paid_out >= 0),
    cooling_off  boolean NOT NULL,
    tender       text,
    lots         jsonb NOT NULL,      -- [[lot, principal, bonus voided, deducted, source of its points' reversal], …]
    reason       text,
    sold_by      text,
    recorded_at  timestamptz NOT NULL,
    actor        text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, external_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, branch_id) REFERENCES branch (tenant_id, id),
    CHECK (amount = paid_out + deducted)
);
CREATE INDEX ON wallet_refund (tenant_id, member_id, id);
CREATE INDEX ON wallet_refund (tenant_id, branch_id, recorded_at);

-- The member's word that the wallet may pay: a one-minute code from the digital card, or one sent by SMS. Used once.
CREATE TABLE wallet_code (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL DEFAULT uuidv7(),
    member_id  uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('qr', 'sms')),
    digest     bytea NOT NULL CHECK (length(digest) = 32), -- keyed
    amount     bigint CHECK (amount > 0),                  -- the most that it consents to; NULL: any
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON wallet_code (tenant_id, member_id, digest);
CREATE INDEX ON wallet_code (tenant_id, digest);

CREATE TABLE member_pin (
    tenant_id uuid NOT NULL,
    member_id uuid NOT NULL,
    hash      text NOT NULL, -- argon2id
    set_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, member_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);

-- What goes out to a member (an SMS with a code, a campaign's text). The text is kept encrypted until it was handed over.
CREATE TABLE message (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    member_id   uuid NOT NULL,
    channel     text NOT NULL CHECK (channel IN ('sms', 'email', 'wechat', 'push')),
    purpose     text NOT NULL,          -- wallet_code, campaign:<code>, …
    marketing   boolean NOT NULL,       -- goes out only while the member's consent to the channel holds
    sealed      bytea,                  -- recipient and text; gone once it was sent
    state       text NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    attempts    smallint NOT NULL DEFAULT 0,
    error       text,
    expires_at  timestamptz,            -- of no use from then on; NULL: whenever it comes
    created_at  timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    CHECK ((state = 'queued') = (sealed IS NOT NULL))
);
CREATE INDEX ON message (tenant_id, member_id, id);
CREATE INDEX ON message (tenant_id, purpose, created_at); -- a campaign's, for its report

-- ── passes ──────────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE pass (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    member_id   uuid NOT NULL,          -- who has it now (a merge moves it on)
    branch_id   uuid NOT NULL,
    product     text NOT NULL,
    uses        integer NOT NULL CHECK (uses > 0),
    "left"      integer NOT NULL,
    price       bigint NOT NULL CHECK (price >= 0),
    paid_back   bigint NOT NULL DEFAULT 0,
    valid_until date NOT NULL,          -- the last local day of it
    external_id text NOT NULL,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    tenders     jsonb,
    sold_by     text,
    recorded_at timestamptz NOT NULL,
    actor       text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, external_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, branch_id) REFERENCES branch (tenant_id, id),
    CHECK ("left" BETWEEN 0 AND uses),
    CHECK (paid_back BETWEEN 0 AND price)
) WITH (fillfactor = 80);
CREATE INDEX ON pass (tenant_id, member_id, id);
CREATE INDEX ON pass (tenant_id, branch_id, recorded_at);

CREATE TABLE pass_entry (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    pass_id     uuid NOT NULL,
    member_id   uuid NOT NULL,
    seq         bigint NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('sell', 'use', 'undo_use', 'refund')),
    source_id   uuid NOT NULL,          -- its own id, or of an undo the use's
    uses        integer NOT NULL CHECK (uses <> 0), -- what it adds to those left
    left_after  integer NOT NULL CHECK (left_after >= 0),
    amount      bigint NOT NULL DEFAULT 0, -- money: in at the sale, out (negative) at a refund
    external_id text,
    fingerprint bytea CHECK (length(fingerprint) = 32),
    branch_id   uuid NOT NULL,
    tender      text,
    reason      text,
    recorded_at timestamptz NOT NULL,
    actor       text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, kind, source_id),
    UNIQUE (tenant_id, kind, external_id),
    FOREIGN KEY (tenant_id, pass_id) REFERENCES pass (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, branch_id) REFERENCES branch (tenant_id, id)
);
CREATE INDEX ON pass_entry (tenant_id, pass_id, id);
CREATE INDEX ON pass_entry (tenant_id, member_id, id);
CREATE INDEX ON pass_entry (tenant_id, branch_id, recorded_at);

-- ── coupons ─────────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE coupon (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    code        text NOT NULL,
    names       jsonb NOT NULL,
    terms       jsonb NOT NULL,   -- value, minimum, categories, branches, combines
    valid_days  integer CHECK (valid_days >= 1), -- from the day of the grant on; or fixed days:
    valid_from  date,
    valid_until date,
    source      text NOT NULL CHECK (source IN ('template', 'tenant')),
    ended_at    timestamptz,      -- none is granted any more; those granted hold
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code),
    CHECK ((valid_days IS NULL) = (valid_until IS NOT NULL))
);

-- One coupon in somebody's hand: a member's, or a printed one's, which whoever brings it may use.
CREATE TABLE coupon_grant (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    coupon_id   uuid NOT NULL,
    code        text NOT NULL,    -- the coupon's
    member_id   uuid,             -- who has it now (a merge moves it on); NULL: printed
    granted_to  uuid,             -- who got it first
    number      text,             -- of a printed one, or where the till wants one to scan
    terms       jsonb NOT NULL,   -- as they were when it was granted
    valid_from  date NOT NULL,
    valid_until date NOT NULL,    -- the last local day of it
    state       text NOT NULL CHECK (state IN ('open', 'used', 'void', 'expired')),
    occasion    text NOT NULL,    -- by_hand, printed, upgrade, birthday, campaign, reward
    source_id   uuid NOT NULL,    -- what it was granted for; with occasion, coupon and member unique
    used_for    uuid,             -- the purchase; NULL where a till redeemed it by itself
    granted_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, occasion, source_id, coupon_id, granted_to), -- printed ones have no member: as many as printed
    FOREIGN KEY (tenant_id, coupon_id) REFERENCES coupon (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, granted_to) REFERENCES member (tenant_id, id)
) WITH (fillfactor = 80);
CREATE INDEX ON coupon_grant (tenant_id, member_id, id) WHERE member_id IS NOT NULL;
CREATE INDEX ON coupon_grant (tenant_id, granted_to) WHERE granted_to IS NOT NULL;
CREATE INDEX ON coupon_grant (tenant_id, coupon_id);
CREATE UNIQUE INDEX ON coupon_grant (tenant_id, number) WHERE number IS NOT NULL;
CREATE INDEX ON coupon_grant (tenant_id, valid_until) WHERE state = 'open';

CREATE TABLE coupon_entry (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    grant_id    uuid NOT NULL,
    member_id   uuid,
    seq         bigint,           -- the member's number; NULL without one, and of an expiry
    kind        text NOT NULL CHECK (kind IN ('grant', 'use', 'return', 'undo_use', 'void', 'expire')),
    source_id   uuid NOT NULL,    -- the purchase, refund, … that is its reason, or its own id
    branch_id   uuid,
    amount      bigint CHECK (amount >= 0), -- of a use: what it took off
    external_id text,             -- of a use that a till recorded by itself: its own number
    fingerprint bytea CHECK (length(fingerprint) = 32),
    reason      text,
    recorded_at timestamptz NOT NULL,
    actor       text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, kind, source_id, grant_id),
    FOREIGN KEY (tenant_id, grant_id) REFERENCES coupon_grant (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON coupon_entry (tenant_id, grant_id);
CREATE UNIQUE INDEX ON coupon_entry (tenant_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX ON coupon_entry (tenant_id, member_id, id) WHERE member_id IS NOT NULL;

-- ── rewards ─────────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE reward (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL DEFAULT uuidv7(),
    code       text NOT NULL,
    names      jsonb NOT NULL,
    points     bigint NOT NULL CHECK (points >= 1),
    stock      bigint CHECK (stock >= 0), -- pieces left; NULL: as many as wanted
    ladder     text,                      -- with `tier`: who holds a lower one may not claim it
    tier       text,
    source     text NOT NULL CHECK (source IN ('template', 'tenant')),
    ended_at   timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code),
    CHECK ((ladder IS NULL) = (tier IS NULL))
) WITH (fillfactor = 50);

CREATE TABLE reward_claim (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    reward_id   uuid NOT NULL,
    member_id   uuid NOT NULL,
    seq         bigint NOT NULL,
    points      bigint NOT NULL CHECK (points > 0),
    state       text NOT NULL CHECK (state IN ('claimed', 'collected', 'cancelled')),
    external_id text,
    fingerprint bytea CHECK (length(fingerprint) = 32),
    branch_id   uuid,
    recorded_at timestamptz NOT NULL,
    actor       text NOT NULL,
    changed_at  timestamptz,      -- when it was collected or cancelled, and by whom
    changed_by  text,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, external_id),
    CHECK ((state = 'claimed') = (changed_at IS NULL)),
    FOREIGN KEY (tenant_id, reward_id) REFERENCES reward (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, branch_id) REFERENCES branch (tenant_id, id)
);
CREATE INDEX ON reward_claim (tenant_id, member_id, id);
CREATE INDEX ON reward_claim (tenant_id, reward_id);
CREATE INDEX ON reward_claim (tenant_id, branch_id) WHERE branch_id IS NOT NULL;

-- Pieces in and out; their sum is what is left. A reward without a stock has none.
CREATE TABLE reward_entry (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    reward_id   uuid NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('stock', 'claim', 'cancel')),
    source_id   uuid NOT NULL,
    pieces      bigint NOT NULL CHECK (pieces <> 0),
    recorded_at timestamptz NOT NULL,
    actor       text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, kind, source_id),
    FOREIGN KEY (tenant_id, reward_id) REFERENCES reward (tenant_id, id)
);
CREATE INDEX ON reward_entry (tenant_id, reward_id, id);

-- ── benefits ────────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE price_list (
    tenant_id  uuid NOT NULL,
    code       text NOT NULL,
    names      jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, code)
);

CREATE TABLE price (
    tenant_id  uuid NOT NULL,
    list       text NOT NULL,
    sku        text NOT NULL,
    names      jsonb NOT NULL DEFAULT '{}',
    list_price bigint CHECK (list_price >= 0), -- what others pay, to show beside it
    price      bigint NOT NULL CHECK (price >= 0), -- of one piece
    PRIMARY KEY (tenant_id, list, sku),
    FOREIGN KEY (tenant_id, list) REFERENCES price_list (tenant_id, code)
);
CREATE INDEX ON price (tenant_id, sku); -- a till looks all lists up at once

-- Free uses that a tier gives in each period, counted when used. An undo gives one back.
CREATE TABLE allowance_use (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    member_id   uuid NOT NULL,
    seq         bigint NOT NULL,
    product     text NOT NULL,
    per         text NOT NULL CHECK (per IN ('day', 'week', 'month', 'quarter', 'year')),
    period      date NOT NULL,         -- the first local day of the period
    uses        smallint NOT NULL CHECK (uses IN (1, -1)),
    undoes      uuid,                  -- the use that it takes back
    external_id text,
    fingerprint bytea CHECK (length(fingerprint) = 32),
    branch_id   uuid,
    recorded_at timestamptz NOT NULL,
    actor       text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, external_id),
    UNIQUE (tenant_id, undoes),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, branch_id) REFERENCES branch (tenant_id, id),
    CHECK ((uses = -1) = (undoes IS NOT NULL))
);
CREATE INDEX ON allowance_use (tenant_id, member_id, product, period);
CREATE INDEX ON allowance_use (tenant_id, branch_id) WHERE branch_id IS NOT NULL;

-- Gifts given: once a member, tier and occasion (a birthday's year counts as one). What a refund or an undo took back
-- unused was never given: its row is there for the next time.
CREATE TABLE gift (
    tenant_id     uuid NOT NULL,
    member_id     uuid NOT NULL,     -- who got it; a merge leaves it there
    occasion      text NOT NULL CHECK (occasion IN ('upgrade', 'birthday')),
    ladder        text NOT NULL,
    tier          text NOT NULL,
    year          smallint NOT NULL, -- of the birthday, in its calendar; 0: of an upgrade
    coupon        text NOT NULL,
    grant_id      uuid,              -- NULL: the tenant had no such coupon any more
    given_at      timestamptz NOT NULL,
    taken_back_by uuid,              -- the decision that took the tier away
    PRIMARY KEY (tenant_id, member_id, occasion, ladder, tier, year, coupon),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, grant_id) REFERENCES coupon_grant (tenant_id, id)
);
CREATE INDEX ON gift (tenant_id, grant_id) WHERE grant_id IS NOT NULL;

-- Until which local day the birthdays were kept.
CREATE TABLE birthday_run (
    tenant_id uuid PRIMARY KEY,
    day       date NOT NULL
);

-- Kept on this month and day (month * 100 + day) of the calendar named.
ALTER TABLE member ADD COLUMN birthday_calendar text NOT NULL DEFAULT 'solar' CHECK (birthday_calendar IN ('solar', 'lunar'));
ALTER TABLE member ADD COLUMN kept_on smallint; -- of `birthday`, in its calendar; written with it
CREATE INDEX ON member (tenant_id, birthday_calendar, kept_on) WHERE kept_on IS NOT NULL;

-- ── campaigns ───────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE campaign (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL DEFAULT uuidv7(),
    code       text NOT NULL,
    document   jsonb NOT NULL,
    state      text NOT NULL CHECK (state IN ('draft', 'running', 'stopped')),
    started_at timestamptz,      -- the tenant's clock
    stopped_at timestamptz,
    source     text NOT NULL CHECK (source IN ('template', 'tenant')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code)
);

-- Who had a share of a campaign: something given, a message, a place in the control group; once a period.
CREATE TABLE campaign_share (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(), -- the source of the points and coupons that it brought
    campaign_id uuid NOT NULL,
    member_id   uuid NOT NULL,
    period      text NOT NULL,   -- of its `once`: ever, 2026, 2026-11, 2026-11-22; else what is its reason
    is_control  boolean NOT NULL,
    source_id   uuid NOT NULL,   -- the purchase, decision, brought member, … that triggered it
    at          timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, campaign_id, member_id, period),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON campaign_share (tenant_id, member_id);
CREATE INDEX ON tier_notice (tenant_id, valid_until, member_id, ladder); -- whom to tell: those whose day is to come

-- Who was in a campaign's audience when it was last looked at: whoever isn't here and is in it has come in.
CREATE TABLE campaign_inside (
    tenant_id   uuid NOT NULL,
    campaign_id uuid NOT NULL,
    member_id   uuid NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, member_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON campaign_inside (tenant_id, member_id);

-- Texts that campaigns send, in both languages, with placeholders.
CREATE TABLE message_text (
    tenant_id  uuid NOT NULL,
    code       text NOT NULL,
    document   jsonb NOT NULL,
    source     text NOT NULL CHECK (source IN ('template', 'tenant')),
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, code)
);

-- ── cards ───────────────────────────────────────────────────────────────────────────────────────────────────────────

-- Every card that was ever given out. The active ones are the members' identities too (kind card).
CREATE TABLE card (
    tenant_id   uuid NOT NULL,
    number      text NOT NULL,
    member_id   uuid NOT NULL,   -- whose it is now (a merge moves it on)
    state       text NOT NULL CHECK (state IN ('active', 'lost', 'replaced', 'ended')),
    issued_at   timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL,
    replaced_by text,
    proof       text,            -- of a replacement: how the member showed who it is
    actor       text NOT NULL,
    PRIMARY KEY (tenant_id, number),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, replaced_by) REFERENCES card (tenant_id, number)
);
CREATE INDEX ON card (tenant_id, member_id);
CREATE INDEX ON card (tenant_id, replaced_by) WHERE replaced_by IS NOT NULL;

-- ── purchases ───────────────────────────────────────────────────────────────────────────────────────────────────────

-- `amount` is what was to be paid, after discounts and coupons; refunds give that back.
ALTER TABLE purchase ADD COLUMN list_amount bigint CHECK (list_amount >= amount); -- before discounts; NULL: final amounts
ALTER TABLE purchase ADD COLUMN uncounted bigint NOT NULL DEFAULT 0;  -- of `amount`: what bonus paid and no metric counts
ALTER TABLE purchase ADD COLUMN pricing jsonb;                         -- how it was priced, paid and credited
ALTER TABLE purchase ADD CHECK (uncounted BETWEEN 0 AND amount);
ALTER TABLE purchase_refunded ADD COLUMN uncounted bigint NOT NULL DEFAULT 0 CHECK (uncounted BETWEEN 0 AND refunded);
ALTER TABLE refund ADD COLUMN uncounted bigint NOT NULL DEFAULT 0 CHECK (uncounted BETWEEN 0 AND amount);
ALTER TABLE refund ADD COLUMN tenders jsonb; -- what came back of each way it was paid

-- Imported history that was given its points afterwards, where a till's has `pricing`: once a purchase, beside its entry
-- of kind earn.
CREATE TABLE purchase_credit (
    tenant_id         uuid NOT NULL,
    purchase_id       uuid NOT NULL,
    earning           bigint NOT NULL CHECK (earning > 0), -- minor units
    rate              numeric NOT NULL CHECK (rate > 0),   -- points for a whole currency unit
    points            bigint NOT NULL CHECK (points > 0),  -- for what was left of it then
    programme_version integer NOT NULL,
    recorded_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, purchase_id),
    FOREIGN KEY (tenant_id, purchase_id) REFERENCES purchase (tenant_id, id)
);

-- A clerk took back his last entry: it counts nowhere, and its number is free again.
CREATE TABLE purchase_undone (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    purchase_id uuid NOT NULL,
    member_id   uuid,
    seq         bigint,
    recorded_at timestamptz NOT NULL,
    reason      text,
    actor       text NOT NULL,
    PRIMARY KEY (tenant_id, purchase_id),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, purchase_id) REFERENCES purchase (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON purchase_undone (tenant_id, member_id) WHERE member_id IS NOT NULL;

CREATE TABLE top_up_undone (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    top_up_id   uuid NOT NULL,
    member_id   uuid NOT NULL,
    seq         bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    reason      text,
    actor       text NOT NULL,
    PRIMARY KEY (tenant_id, top_up_id),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, top_up_id) REFERENCES top_up (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON top_up_undone (tenant_id, member_id);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['points_account', 'points_entry', 'points_lot', 'points_take', 'points_act', 'points_notice',
                             'wallet_account', 'wallet_entry', 'wallet_lot', 'wallet_take', 'top_up', 'top_up_external',
                             'wallet_refund', 'wallet_code', 'member_pin', 'message', 'pass', 'pass_entry', 'coupon',
                             'coupon_grant', 'coupon_entry', 'reward', 'reward_claim', 'reward_entry', 'price_list',
                             'price', 'allowance_use', 'gift', 'birthday_run', 'campaign', 'campaign_share',
                             'campaign_inside', 'message_text', 'card',
                             'purchase_credit', 'purchase_undone', 'top_up_undone'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO app USING (tenant_id = current_setting(''app.tenant_id'')::uuid)'
                       ' WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO app', t);
    END LOOP;
END $$;

-- Append-only for the application. What an undo frees is only the till's number.
REVOKE UPDATE, DELETE ON points_entry, points_take, points_act, wallet_entry, wallet_take, top_up, wallet_refund,
    pass_entry, coupon_entry, reward_entry, allowance_use, purchase_credit, purchase_undone, top_up_undone FROM app;
REVOKE DELETE ON points_account, points_lot, wallet_account, wallet_lot, pass, coupon_grant, reward_claim, card,
    gift FROM app;
REVOKE UPDATE ON top_up_external FROM app;
GRANT DELETE ON purchase_external TO app;

-- What erasing a person takes out of them: free texts of staff, never who, when or how much.
GRANT UPDATE (reason) ON points_entry, points_act, wallet_entry, wallet_refund, pass_entry, coupon_entry,
    purchase_undone, top_up_undone TO app;
