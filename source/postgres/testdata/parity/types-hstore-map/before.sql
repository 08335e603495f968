CREATE EXTENSION IF NOT EXISTS hstore;
CREATE TABLE stores (id INT PRIMARY KEY, h HSTORE, n HSTORE NOT NULL, d HSTORE DEFAULT 'a=>1', a HSTORE[]);
INSERT INTO stores VALUES (1, 'a=>1,b=>NULL,"c d"=>"e\"f"', '', 'x=>y', ARRAY['a=>1'::hstore, NULL, '']);
INSERT INTO stores VALUES (2, NULL, 'k=>"line
break \\ back é <>&"', NULL, NULL);
