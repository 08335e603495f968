INSERT INTO "größe_1 x😀" VALUES (2, 'a');
