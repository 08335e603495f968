UPDATE Orders SET v = 2;
UPDATE items SET v = 2;
UPDATE other SET v = 2;
CREATE TABLE items_new(id INT PRIMARY KEY, w INT);
INSERT INTO items_new VALUES (4, 4);
