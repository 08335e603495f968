INSERT INTO orders_shard_1 VALUES (2, 'a');
UPDATE orders_shard_2 SET v = 'd';
UPDATE orders_shard_2 SET id = 9;
DELETE FROM orders_shard_1 WHERE id = 1;
INSERT INTO other VALUES (2);
