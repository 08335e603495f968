INSERT INTO a (id, i1, v) VALUES (2, 1, 'x');
