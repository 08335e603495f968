CREATE TYPE pair AS (a INT, b TEXT);
CREATE TABLE unknowns (id INT PRIMARY KEY, p pair, pn pair NOT NULL, pa pair[], mr INT4MULTIRANGE, ma MONEY[], ia INTERVAL[], na NAME[], xa XML[], poa POINT[], vba VARBIT[], ba BIT(3)[], tq TSQUERY, jp JSONPATH, l LINE, tv TSVECTOR[], n NAME, rc REGCLASS, x XID, c CID, t TID, pl PG_LSN, rt REGTYPE);
INSERT INTO unknowns VALUES (1, '(1,"a b")','(2,)','{"(1,a)",NULL}','{[1,2),[5,6)}','{$1.00,NULL}','{1 day}','{nm}','{<a/>}','{"(1,2)"}','{101}','{101}','a & b','$.a','{1,2,3}','{"a:1"}','nam','pg_class','5','6','(0,1)','0/16B3748','int4');
INSERT INTO unknowns VALUES (2, NULL,'(,)',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
