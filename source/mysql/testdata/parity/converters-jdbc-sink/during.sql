INSERT INTO t VALUES (5, 1, 1, 1, 1, 1, 1.5, 2.5, 3.5, 4.5, 5.5, 'a', 'é', 'c', 'd', 'a', 1);
INSERT INTO t VALUES (6, 2, -1, 100, 0, -5, -1.25, 1e300, -3.125, -4.5, 0, 'ä€', 'x', '', 'd', 'b', 2);
INSERT INTO t (id) VALUES (7);
INSERT INTO t VALUES (8, NULL, 0, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, '', NULL, NULL, NULL, NULL);
UPDATE t SET bool_a = 0, real_a = 0, text_a = 'z' WHERE id = 5
