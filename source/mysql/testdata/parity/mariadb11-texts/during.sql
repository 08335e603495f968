INSERT INTO named VALUES ('01932b4e-7c00-7000-8000-000000000001', 1);
INSERT INTO texts (id, a, b, c, d, e, g) VALUES (2, '🦫', 'ę', 'ź', 'Ö', 'ß', 'ä');
UPDATE texts SET d = 'Ü', e = NULL WHERE id = 1
