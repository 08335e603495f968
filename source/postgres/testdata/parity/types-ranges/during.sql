INSERT INTO ranges VALUES (11, '[1,5)', '[1,)', '(1.5,2.5]', '[2026-01-01 00:00,2026-01-02 00:00)', '[2026-01-01 00:00+00,2026-01-02 00:00+00)', '[2026-01-01,2026-02-01)', '[1,2)', '[3,4)', '{"[1,5)",NULL,empty}', '{"[1.5,2]"}', '{"[2026-01-01 00:00+00,)"}');
INSERT INTO ranges VALUES (12, 'empty', '(,)', '(,1]', 'empty', '(,infinity)', '(,)', 'empty', NULL, NULL, NULL, NULL);
INSERT INTO ranges VALUES (13, NULL,NULL,NULL,NULL,NULL,NULL,'[1,2)',NULL,NULL,NULL,NULL);
DELETE FROM ranges WHERE id = 1;
