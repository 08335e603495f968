INSERT INTO orders_shard_1 VALUES (2, 'a');
DELETE FROM orders_shard_x WHERE id = 1;
