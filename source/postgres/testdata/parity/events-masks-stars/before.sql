CREATE TYPE mood AS ENUM ('alpha', 'beta');
CREATE DOMAIN word AS VARCHAR(9);
CREATE EXTENSION IF NOT EXISTS citext;
CREATE TABLE a (id INT PRIMARY KEY, m VARCHAR(20), h VARCHAR(20) NOT NULL, h2 TEXT, t VARCHAR(20), n INT, c CHAR(8) DEFAULT 'abcdefgh', e mood, j JSONB, d DATE, b BYTEA, num NUMERIC(10,2), z VARCHAR(5), u UUID, w word, ct CITEXT, ta TEXT[], ip INET);
INSERT INTO a VALUES (1, 'secret', 'hash me', 'and me', 'truncate me', 5, 'x', 'alpha', '{"a": 1}', '2026-01-01', '\x00ff', 1.5, 'zero', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'wordword', 'citext', '{alpha,beta}', '10.0.0.1');
INSERT INTO a VALUES (2, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO a VALUES (3, 'ü漢😀', 'ü漢😀', 'ü漢😀', 'ü漢😀😀', -1, 'ü', 'beta', '"x"', '1000-01-01', '\x', -1, 'ü', NULL, 'ü', 'ü', '{}', '::1');
