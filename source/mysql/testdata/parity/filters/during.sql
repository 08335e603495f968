INSERT INTO orders VALUES (3, 'c', 'z');
UPDATE orders SET secret = 'zz' WHERE id = 3;
UPDATE orders SET id = 4 WHERE id = 3;
DELETE FROM orders WHERE id = 4;
INSERT INTO other VALUES (2);
INSERT INTO items VALUES (2, 99999.999, X'ff', '1969-12-31', '1969-12-31 23:59:59.999999', '23:59:59.999999', 1);
UPDATE items SET price = NULL;
