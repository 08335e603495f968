INSERT INTO vectors VALUES (11, '[1,2.5,-3e-5]','[1,0.5]','{1:1.5,3:2}/5','[0]');
INSERT INTO vectors VALUES (12, NULL,NULL,'{}/3','[1]');
DELETE FROM vectors WHERE id = 1;
