-- Validities that rules of before renewed without writing a row: {ladder: [{"at", "day", "until"}]}, see
-- tenants/programme/kept.
ALTER TABLE programme_version ADD COLUMN kept jsonb NOT NULL DEFAULT '{}';
ALTER TABLE simulation ADD COLUMN kept jsonb NOT NULL DEFAULT '{}';
