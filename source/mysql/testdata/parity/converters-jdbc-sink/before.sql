CREATE TABLE t (id INT PRIMARY KEY, bool_a TINYINT(1), bool_b BOOLEAN NOT NULL DEFAULT TRUE, bool_c TINYINT(1) DEFAULT 5, bool_d BIT(1), bool_e INT, real_a FLOAT, real_b DOUBLE NOT NULL DEFAULT 1.5, real_c FLOAT(7,3) DEFAULT 2.25, real_d DECIMAL(5,2), real_e DOUBLE, text_a VARCHAR(10), text_b CHAR(3) CHARACTER SET latin1 NOT NULL DEFAULT 'é', text_c TEXT, text_d VARCHAR(5) DEFAULT 'it''s', text_e ENUM('a','b'), other TINYINT(1));
INSERT INTO t VALUES (1, 1, 1, 1, 1, 1, 1.5, 2.5, 3.5, 4.5, 5.5, 'a', 'é', 'c', 'd', 'a', 1);
INSERT INTO t VALUES (2, 2, -1, 100, 0, -5, -1.25, 1e300, -3.125, -4.5, 0, 'ä€', 'x', '', 'd', 'b', 2);
INSERT INTO t (id) VALUES (3);
INSERT INTO t VALUES (4, NULL, 0, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, '', NULL, NULL, NULL, NULL)
