CREATE TABLE shapes (id INT PRIMARY KEY, p POINT, n POINT NOT NULL, a POINT[], b BOX, l LSEG, pa PATH, po POLYGON, c CIRCLE, li LINE);
INSERT INTO shapes VALUES (1, '(1.5,-2)','(0,0)','{"(1,2)"}','((1,1),(0,0))','((0,0),(1,1))','((0,0),(1,1))','((0,0),(1,1),(1,0))','<(1,1),2>','{1,2,3}');
INSERT INTO shapes VALUES (2, NULL,'(1e300,-1e-300)',NULL,NULL,NULL,'[(0,0),(1,1)]',NULL,NULL,NULL);
