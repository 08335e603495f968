TRUNCATE a, b;
SELECT pg_logical_emit_message(true, 'shop', 'in a transaction');
SELECT pg_logical_emit_message(false, 'shop', 'on its own');
INSERT INTO a VALUES (2);
