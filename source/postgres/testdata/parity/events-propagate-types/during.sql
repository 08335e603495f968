INSERT INTO a (id, v) VALUES (2, 'x');
