INSERT INTO shapes VALUES (11, '(1.5,-2)','(0,0)','{"(1,2)"}','((1,1),(0,0))','((0,0),(1,1))','((0,0),(1,1))','((0,0),(1,1),(1,0))','<(1,1),2>','{1,2,3}');
INSERT INTO shapes VALUES (12, NULL,'(1e300,-1e-300)',NULL,NULL,NULL,'[(0,0),(1,1)]',NULL,NULL,NULL);
DELETE FROM shapes WHERE id = 1;
