SELECT pg_logical_emit_message(true, 'shop', 'no');
SELECT pg_logical_emit_message(true, 'other', 'yes');
SELECT pg_logical_emit_message(false, 'other', 'yes');
