INSERT INTO defaults (id, tm, tz, u, fn) VALUES (11, '2026-03-04 05:06:07', '2026-03-04 05:06:07+00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2026-03-04 05:06:07');
INSERT INTO defaults (id, tm, tz, u, fn, bi, t, b, n, d, dt, ts, by, a, al, si, r, tt, iv, q, ul) VALUES (12, '2026-03-04 05:06:07', '2026-03-04 05:06:07+00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
DELETE FROM defaults WHERE id = 11;
