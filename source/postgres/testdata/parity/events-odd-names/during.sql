INSERT INTO "漢字" VALUES (2);
UPDATE "Sch ema.x"."a.b c" SET "id.x" = 5;
DELETE FROM "a/b#c@d";
TRUNCATE "Sch ema.x"."a.b c";
INSERT INTO "UPPER_lower" VALUES (2);
