INSERT INTO unknowns VALUES (11, '(1,"a b")','(2,)','{"(1,a)",NULL}','{[1,2),[5,6)}','{$1.00,NULL}','{1 day}','{nm}','{<a/>}','{"(1,2)"}','{101}','{101}','a & b','$.a','{1,2,3}','{"a:1"}','nam','pg_class','5','6','(0,1)','0/16B3748','int4');
INSERT INTO unknowns VALUES (12, NULL,'(,)',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
DELETE FROM unknowns WHERE id = 1;
