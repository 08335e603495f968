INSERT INTO "a.b" VALUES (2);
SELECT pg_logical_emit_message(true, 'p', 'x');
