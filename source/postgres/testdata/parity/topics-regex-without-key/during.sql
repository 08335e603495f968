INSERT INTO shard_1 VALUES (2, 'a');
DELETE FROM shard_1 WHERE id = 1;
