INSERT INTO debezium_signal VALUES ('one', 'execute-snapshot', '{"data-collections":["DATABASE.a"],"surrogate-key":"n"}');
