CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy, very', 'it''s');
CREATE TABLE enums (id INT PRIMARY KEY, e mood, n mood NOT NULL, d mood DEFAULT 'ok', nd mood NOT NULL DEFAULT 'sad', ea mood[]);
INSERT INTO enums VALUES (1, 'happy, very', 'it''s', 'sad', 'ok', '{sad,ok}');
INSERT INTO enums VALUES (2, NULL, 'sad', NULL, 'ok', NULL);
INSERT INTO enums VALUES (3, NULL, 'sad', NULL, 'ok', '{"happy, very"}');
