INSERT INTO stores VALUES (11, 'a=>1,b=>NULL,"c d"=>"e\"f"', '', 'x=>y', ARRAY['a=>1'::hstore, NULL, '']);
INSERT INTO stores VALUES (12, NULL, 'k=>"line
break \\ back é <>&"', NULL, NULL);
DELETE FROM stores WHERE id = 1;
