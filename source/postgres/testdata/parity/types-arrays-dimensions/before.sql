CREATE TABLE grids (id INT PRIMARY KEY, i INT[][], b INT[]);
INSERT INTO grids VALUES (1, '{{1,2},{3,NULL}}', '[2:3]={5,6}');
INSERT INTO grids VALUES (2, '{{{1},{2}}}', '{1}');
