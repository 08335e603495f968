UPDATE "1-odd name" SET "a-b" = 2;
UPDATE "1-odd name" SET "1id" = 2;
INSERT INTO "tàble" VALUES (2);
