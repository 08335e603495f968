UPDATE big SET n = 2 WHERE id = 1;
UPDATE big SET id = 12 WHERE id = 2;
DELETE FROM big WHERE id = 3;
BEGIN; UPDATE big SET n = 2 WHERE id = 4; DELETE FROM big WHERE id = 4; COMMIT;
BEGIN; INSERT INTO nulls (a, b) VALUES ('it''s \', 5); UPDATE nulls SET s = 1, l = 2, f = 0.5, nm = 12.34, d = '2026-03-04', ts = '2026-03-04 05:06:07.89', tz = '2026-03-04 05:06:07.89+02', ti = '05:06:07', u = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', m = 'ok', bo = true; COMMIT;
BEGIN; INSERT INTO keyless VALUES (1, NULL); UPDATE keyless SET t = 'a'; COMMIT;
