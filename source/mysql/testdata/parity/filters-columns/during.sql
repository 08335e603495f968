UPDATE a SET v = 2;
UPDATE b SET v2 = 5;
UPDATE secrets SET v = 3;
INSERT INTO b VALUES (2, 2, 2, 2);
