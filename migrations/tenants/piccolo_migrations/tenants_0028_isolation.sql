-- Proofs by attack that chains are apart: runs of the installation, in chains of their own that are gone afterwards.

CREATE TABLE platform.isolation_proof (
    id          uuid PRIMARY KEY DEFAULT uuidv7(), -- also what its chains are a sample of (tenant.sample_of)
    state       text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed')),
    asked_by    text NOT NULL CHECK (asked_by IN ('schedule', 'operator')),
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    routes      integer NOT NULL DEFAULT 0 CHECK (routes >= 0), -- of the application, all of them tried
    attacks     integer NOT NULL DEFAULT 0 CHECK (attacks >= 0), -- kinds
    tries       integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    leaks       integer NOT NULL DEFAULT 0 CHECK (leaks >= 0),
    report      jsonb NOT NULL DEFAULT '[]',                    -- [{attack, place, tries, answers, leaks}]
    found       jsonb NOT NULL DEFAULT '[]',                    -- [{attack, place, tried, said}]: the operator's
    error       text,
    CHECK ((state = 'running') = (finished_at IS NULL))
);
CREATE UNIQUE INDEX ON platform.isolation_proof (state) WHERE state = 'running'; -- one at a time
GRANT SELECT, INSERT, DELETE, UPDATE (state, finished_at, routes, attacks, tries, leaks, report, found, error)
    ON platform.isolation_proof TO operator;
-- Every chain may read what was proved; what was found is for those to see first who can mend it.
GRANT SELECT (id, state, started_at, finished_at, routes, attacks, tries, leaks, report) ON platform.isolation_proof
    TO app;
