UPDATE a SET hidden = 5;
UPDATE a SET v = 5, hidden = 6 WHERE id = 1;
UPDATE a SET id = 9 WHERE id = 2;
UPDATE a SET hidden = NULL;
UPDATE a SET v = NULL;
UPDATE b SET v = 1;
UPDATE b SET v = 2;
