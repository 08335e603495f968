INSERT INTO orders (customer_id, amount, note, doc, created_at, updated) VALUES (100, -0.05, 'é', '{"k": [1, 2.50, null]}', '2026-05-06 07:08:09', NULL), (101, 9999999999.99, NULL, NULL, '2026-05-06 07:08:09.1', '2026-05-06 07:08:09.120000+00');
UPDATE orders SET status = 'paid', amount = amount * 2 WHERE id <= 3;
DELETE FROM orders WHERE id = 5;
UPDATE orders SET id = 1000 WHERE id = 4;
INSERT INTO sbtest1 (k, c, pad) SELECT i, 'c' || i, 'pad' || i FROM generate_series(6, 10) i;
UPDATE sbtest1 SET k = k + 1;
DELETE FROM sbtest1 WHERE id > 8;
