CREATE TABLE "größe_1 x😀" (id INT PRIMARY KEY, v TEXT);
INSERT INTO "größe_1 x😀" VALUES (1, 'a');
