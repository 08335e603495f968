INSERT INTO nets VALUES (2, '::1/64', '2001:db8::/32', '08-00-2b-01-02-03', '08002b0102030405', '{::1}', '{::/0}', '{NULL}');
INSERT INTO nets VALUES (3);
DELETE FROM nets WHERE id = 1;
