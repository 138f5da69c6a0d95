-- What is kept of members as people: consents, attributes, tags, households, and what is left of those who are gone.

-- Consent is a history: who agreed to what, when, where it came from. The last row of a channel holds.
CREATE TABLE consent (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    member_id   uuid NOT NULL,
    channel     text NOT NULL CHECK (channel IN ('sms', 'email', 'wechat', 'push', 'health')),
    granted     boolean NOT NULL,
    recorded_at timestamptz NOT NULL,
    source      text NOT NULL,    -- api, till, page, import, merge: where it was given
    actor       text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON consent (tenant_id, member_id, channel, id);

-- What holds now, found by equality: a row where the consent is given, none where it was withdrawn or never asked.
CREATE TABLE member_consent (
    tenant_id  uuid NOT NULL,
    member_id  uuid NOT NULL,
    channel    text NOT NULL,
    consent_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, member_id, channel),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, consent_id) REFERENCES consent (tenant_id, id)
);
CREATE INDEX ON member_consent (tenant_id, channel, member_id);
CREATE INDEX ON member_consent (tenant_id, consent_id);

-- Values of the programme's declared attributes, a row each; exactly one of the four is there.
CREATE TABLE member_attribute (
    tenant_id uuid NOT NULL,
    member_id uuid NOT NULL,
    code      text NOT NULL,
    text      text,              -- of a text or a choice
    number    numeric,
    day       date,
    truth     boolean,
    PRIMARY KEY (tenant_id, member_id, code),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    CHECK (num_nonnulls(text, number, day, truth) = 1)
);
CREATE INDEX ON member_attribute (tenant_id, code, text, member_id);

CREATE TABLE member_tag (
    tenant_id uuid NOT NULL,
    member_id uuid NOT NULL,
    tag       text NOT NULL,
    PRIMARY KEY (tenant_id, member_id, tag),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON member_tag (tenant_id, tag, member_id);

-- Members who share one phone, where the tenant allows it: two or more. Such a phone is nobody's identity; a phone of
-- one member is in member_identity and not here. Who changes a phone's household holds its identity row meanwhile.
CREATE TABLE household_member (
    tenant_id uuid NOT NULL,
    phone     text NOT NULL CHECK (phone ~ '^\+[0-9]{4,15}$'),
    member_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, phone, member_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON household_member (tenant_id, member_id);

-- Changes of what rules read of a profile (joined_on, referrer, …): facts, in the member's order.
CREATE TABLE profile_change (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    member_id   uuid NOT NULL,
    seq         bigint NOT NULL,
    field       text NOT NULL,
    before      jsonb,
    after       jsonb,
    recorded_at timestamptz NOT NULL,
    actor       text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON profile_change (tenant_id, member_id, id);

-- Two records of one person became one: what the survivor took over.
CREATE TABLE merge (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL DEFAULT uuidv7(),
    member_id   uuid NOT NULL, -- the survivor
    other_id    uuid NOT NULL,
    seq         bigint NOT NULL,       -- the survivor's number
    other_seq   bigint NOT NULL,       -- the other's last
    recorded_at timestamptz NOT NULL,
    detail      jsonb NOT NULL,
    actor       text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES member (tenant_id, id),
    FOREIGN KEY (tenant_id, other_id) REFERENCES member (tenant_id, id)
);
CREATE INDEX ON merge (tenant_id, member_id);
CREATE UNIQUE INDEX ON merge (tenant_id, other_id); -- a record is merged once

-- Phones of erased members, as keyed hashes: a second welcome gift is refused without knowing who it was.
CREATE TABLE erased_identity (
    tenant_id uuid NOT NULL,
    kind      text NOT NULL,
    hash      bytea NOT NULL CHECK (length(hash) = 32),
    erased_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, kind, hash)
);

-- Members that a condition selects: kept by name, from the template and by the chain's own.
CREATE TABLE segment (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL DEFAULT uuidv7(),
    code       text NOT NULL,
    names      jsonb NOT NULL,
    condition  jsonb NOT NULL,
    source     text NOT NULL CHECK (source IN ('template', 'tenant')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code)
);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['consent', 'member_consent', 'member_attribute', 'member_tag', 'household_member',
                             'profile_change', 'merge', 'erased_identity', 'segment'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO app USING (tenant_id = current_setting(''app.tenant_id'')::uuid)'
                       ' WITH CHECK (tenant_id = current_setting(''app.tenant_id'')::uuid)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO app', t);
    END LOOP;
END $$;
REVOKE UPDATE, DELETE ON consent, profile_change, merge, erased_identity FROM app;

-- What erasing a person takes out of facts that stay: texts and measurements, never who, when or how much.
GRANT UPDATE (before, after) ON profile_change TO app;
GRANT UPDATE (value, data) ON activity TO app;
GRANT UPDATE (reason) ON refund, tier_act TO app;
