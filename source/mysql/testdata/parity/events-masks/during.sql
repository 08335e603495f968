INSERT INTO a VALUES (11, 'secret', 'hash me', 'and me', 'truncate me', 5, 'x', 'alpha', '{"a": 1}', '2026-01-01', 'bytes', 1.5, 'zero'), (12, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (13, 'ü漢😀', 'ü漢😀', 'ü漢😀', 'ü漢😀😀', -1, 'ü', 'beta', '"x"', '1000-01-01', X'00ff', -1, 'ü');
UPDATE a SET m = 'other', h = 'other', t = 'short' WHERE id = 11;
DELETE FROM a WHERE id = 12;
