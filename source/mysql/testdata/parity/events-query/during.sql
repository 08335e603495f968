SET SESSION binlog_rows_query_log_events = ON;
INSERT INTO a VALUES (2, 2), (3, 3);
BEGIN;
UPDATE /* a comment */ a SET v = 'é' IS NULL;
DELETE FROM a WHERE id = 1;
COMMIT;
SET SESSION binlog_rows_query_log_events = OFF;
INSERT INTO a VALUES (4, 4);
