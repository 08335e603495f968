INSERT INTO debezium_signal VALUES ('one', 'execute-snapshot', '{"data-collections":["DATABASE.a","DATABASE.[bc]","DATABASE.d","DATABASE.none"],"type":"incremental"}');
