INSERT INTO binaries VALUES
 (11,X'00ff7f80','a','abc',X'0102030405',REPEAT(X'fbff',150),X'fbefbe3e3f',X'fbefbe3e3f',X'fbefbe3e3f',X'fbefbe3e3f',X'0000',X'00',X'00',X'00',X'00',X'00',X'00'),
 (12,'','','','','','','','','','','','','','','',''),
 (13,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'q',NULL,'q',NULL,NULL,NULL);
INSERT INTO binaries(id) VALUES (14);
UPDATE binaries SET bl = X'00' WHERE id = 1;
INSERT INTO hashed VALUES (X'ff',X'ff',2);
DELETE FROM hashed WHERE x = 1;
