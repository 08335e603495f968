CREATE TABLE "1-odd name" ("1id" INT PRIMARY KEY, "a-b" INT, "c d" INT, "sélect" INT, "_ok" INT, "漢" INT, "x.y" INT, "$d" INT);
INSERT INTO "1-odd name" VALUES (1, 1, 1, 1, 1, 1, 1, 1);
CREATE TABLE "tàble" (id INT PRIMARY KEY);
INSERT INTO "tàble" VALUES (1);
