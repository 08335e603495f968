INSERT INTO nokey VALUES (2,'y');
UPDATE nokey SET b = 'z' WHERE a = 2;
UPDATE two SET b = 9 WHERE a = 'k';
DELETE FROM two;
INSERT INTO uniq VALUES (3,4);
