INSERT INTO grids VALUES (11, '{{1,2},{3,NULL}}', '[2:3]={5,6}');
INSERT INTO grids VALUES (12, '{{{1},{2}}}', '{1}');
