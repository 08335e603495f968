INSERT INTO p VALUES (1, 1, 'a'), (2, 11, 'b');
UPDATE p SET v = 'c' WHERE id = 1;
UPDATE p SET d = 12 WHERE id = 1;
DELETE FROM p WHERE id = 2;
TRUNCATE p;
