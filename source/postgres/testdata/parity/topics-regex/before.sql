CREATE TABLE orders_shard_1 (id INT PRIMARY KEY, v TEXT);
CREATE TABLE orders_shard_2 (id INT PRIMARY KEY, v TEXT);
CREATE TABLE keyless_orders_shard_3 (v TEXT);
CREATE TABLE other (id INT PRIMARY KEY);
INSERT INTO orders_shard_1 VALUES (1, 'a');
INSERT INTO orders_shard_2 VALUES (1, 'b');
INSERT INTO keyless_orders_shard_3 VALUES ('c');
INSERT INTO other VALUES (1);
