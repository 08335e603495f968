INSERT INTO enums VALUES (11, 'happy, very', 'it''s', 'sad', 'ok', '{sad,ok}');
INSERT INTO enums VALUES (12, NULL, 'sad', NULL, 'ok', NULL);
INSERT INTO enums VALUES (13, NULL, 'sad', NULL, 'ok', '{"happy, very"}');
DELETE FROM enums WHERE id = 1;
