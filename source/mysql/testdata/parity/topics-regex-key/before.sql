CREATE TABLE orders_shard_1 (id INT PRIMARY KEY, v TEXT);
CREATE TABLE orders_shard_x (id INT PRIMARY KEY, v TEXT);
CREATE TABLE orders_shard_2 (v TEXT);
INSERT INTO orders_shard_1 VALUES (1, 'a');
INSERT INTO orders_shard_x VALUES (1, 'b');
INSERT INTO orders_shard_2 VALUES ('c');
