INSERT INTO a VALUES (11, 'secret', 'hash me', 'and me', 'truncate me', 5, 'x', 'alpha', '{"a": 1}', '2026-01-01', '\x00ff', 1.5, 'zero', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'wordword', 'citext', '{alpha,beta}', '10.0.0.1');
INSERT INTO a VALUES (12, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO a VALUES (13, 'ü漢😀', 'ü漢😀', 'ü漢😀', 'ü漢😀😀', -1, 'ü', 'beta', '"x"', '1000-01-01', '\x', -1, 'ü', NULL, 'ü', 'ü', '{}', '::1');
UPDATE a SET m = 'other', h = 'other', t = 'short' WHERE id = 11;
