INSERT INTO debezium_signal VALUES ('one', 'execute-snapshot', '{"data-collections":["public.a","public.d"],"additional-conditions":[{"data-collection":"public.d","filter":"x = 1 OR y = ''d''"}]}');
