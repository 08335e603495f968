SELECT pg_logical_emit_message(true, 'shop', 'yes');
SELECT pg_logical_emit_message(true, 'other', 'no');
SELECT pg_logical_emit_message(false, 'shopping', 'yes');
SELECT pg_logical_emit_message(true, 'shop', '\x00ff'::bytea);
SELECT pg_logical_emit_message(true, 'shop', '');
