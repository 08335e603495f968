INSERT INTO debezium_signal VALUES ('one', 'execute-snapshot', '{"data-collections":["public.u","public.s","public.n","public.t","public.e"]}');
