INSERT INTO debezium_signal VALUES ('one', 'execute-snapshot', '{"data-collections":["public.a"],"surrogate-key":"n"}');
