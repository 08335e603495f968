INSERT INTO a VALUES ('two', NULL);
UPDATE a SET id = 'three' WHERE id = 'two';
DELETE FROM a;
UPDATE b SET id = 'elephant';
