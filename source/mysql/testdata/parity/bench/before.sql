CREATE TABLE orders(id BIGINT AUTO_INCREMENT PRIMARY KEY, customer_id INT, status ENUM('new','paid','shipped'), total DECIMAL(12,2), note VARCHAR(200), created_at DATETIME(6), updated_at TIMESTAMP(3) NULL, attrs JSON);
CREATE TABLE sbtest1(id INT AUTO_INCREMENT PRIMARY KEY, k INT, c CHAR(120), pad CHAR(60));
INSERT INTO orders VALUES (1, 7, 'new', 12.50, 'it''s "quoted" \\ back é 漢 😀', '2026-01-31 15:04:05.123456', '2026-01-31 15:04:05.120', '{"a": 1, "b": [true, null, 1.5, "x"]}');
INSERT INTO orders VALUES (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO orders VALUES (3, -2147483648, 'shipped', -0.01, '', '1969-12-31 23:59:59.000001', '2026-01-31 15:04:05', '[]');
INSERT INTO orders VALUES (9223372036854775807, 2147483647, 'paid', -9999999999.99, 'line\nbreak\ttab', '1000-01-01 00:00:00', '1970-01-01 00:00:01', '"text"');
INSERT INTO orders VALUES (-5, 0, 'paid', 9999999999.99, '   blanks   ', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.999', '{"é": {"deep": [[], {}, 0, -1, 12345678901234567890]}}');
INSERT INTO sbtest1 VALUES (1, 500, 'abc  ', 'pad'), (2, NULL, NULL, NULL), (3, -1, '', 'ünïcödé');
