INSERT INTO orders_shard_1 VALUES (2, 'a');
DELETE FROM orders_shard_x WHERE id = 1;
UPDATE orders_shard_1 SET id = 3 WHERE id = 2;
INSERT INTO orders_shard_2 VALUES ('d');
DELETE FROM orders_shard_2 WHERE v = 'c';
