-- The list of members in another order than by when they came: each order has an index of plain columns, which alone row
-- security lets a page begin in the middle of (an expression's is read from its first entry on).

-- Names in the order of GB 18030: Latin letters first, then the 3,755 common Chinese characters by their pinyin, which is
-- how GB 2312 lays them out. PostgreSQL calls its conversions stable since they can be exchanged; nobody exchanges them.
CREATE FUNCTION name_place(name text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN convert_to(lower(name), 'GB18030');
ALTER TABLE member ADD COLUMN name_order bytea GENERATED ALWAYS AS (name_place(name)) STORED;
CREATE INDEX member_by_name ON member (tenant_id, name_order, id) WHERE name_order IS NOT NULL;

-- The last purchase that stands: `last_day` to the second.
ALTER TABLE member_total ADD COLUMN last_at timestamptz;
UPDATE member_total AS t SET last_at = coalesce(
    (SELECT max(p.occurred_at) FROM purchase p LEFT JOIN purchase_refunded r
         ON r.tenant_id = p.tenant_id AND r.purchase_id = p.id
      WHERE p.tenant_id = t.tenant_id AND p.local_day = t.last_day
        AND p.member_id = ANY (ARRAY(SELECT t.member_id UNION ALL SELECT m.id FROM member m
                                      WHERE m.tenant_id = t.tenant_id AND m.merged_into = t.member_id))
        AND (p.amount = 0 OR r.refunded IS DISTINCT FROM p.amount)
        AND NOT EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = p.tenant_id AND u.purchase_id = p.id)),
    t.last_day::timestamptz);
ALTER TABLE member_total ALTER COLUMN last_at SET NOT NULL;
CREATE INDEX member_total_by_last_at ON member_total (tenant_id, last_at, member_id);
CREATE INDEX member_total_by_spend ON member_total (tenant_id, spend, member_id);

-- Who has none, or owes some, stands behind all the others either way.
CREATE INDEX points_account_by_open ON points_account (tenant_id, open, member_id) WHERE open > 0;
