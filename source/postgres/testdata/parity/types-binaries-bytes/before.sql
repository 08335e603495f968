CREATE TABLE binaries (id INT PRIMARY KEY, b BYTEA, n BYTEA NOT NULL, d BYTEA DEFAULT '\x0102', nd BYTEA NOT NULL DEFAULT '\xff');
INSERT INTO binaries VALUES (1, '\xdeadbeef00','\x','\x00','\xfbff');
INSERT INTO binaries VALUES (2, NULL,'\xfbffbf',NULL,'\x01');
