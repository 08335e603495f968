INSERT INTO binaries VALUES (11, '\xdeadbeef00','\x','\x00','\xfbff');
INSERT INTO binaries VALUES (12, NULL,'\xfbffbf',NULL,'\x01');
DELETE FROM binaries WHERE id = 1;
