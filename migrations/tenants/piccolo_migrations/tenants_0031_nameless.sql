-- Who has no name stands behind all the others: the last page of a million who have one asks nobody for it.
CREATE INDEX member_nameless ON member (tenant_id, id) WHERE name_order IS NULL;
