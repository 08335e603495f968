INSERT INTO debezium_signal VALUES ('one', 'execute-snapshot', '{"data-collections":["public.a","public.b","public.[c]","public.d","public.none"],"type":"incremental"}');
