SET binlog_annotate_row_events = ON;
INSERT INTO a VALUES (2, 2), (3, 3);
UPDATE a SET v = v + 1;
DELETE FROM a WHERE id = 3;
