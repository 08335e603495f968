INSERT INTO texts VALUES (11, 'abc', 'x', 'väl', 'vv', 'text "q" \ back', 'CiText', 'word', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a":1}', '{"a":1,"b":[1,2]}', '<a>b</a>', 'top.sub', 'a:1 b:2', '192.168.0.1/24', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '978-0-393-04002-9', '1436-4522', '0220356483481', '220356483481', 'q');
INSERT INTO texts (id) VALUES (12);
INSERT INTO texts VALUES (13, '', '', '', '', E'tab\tnew\nline\\N', '', '', '00000000-0000-0000-0000-000000000000', 'null', 'null', '', '', '', '::1', '::/0', 'ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff:ff:ff', NULL, NULL, NULL, NULL, NULL);
INSERT INTO needed VALUES (11, 'abc','v','t','ct','a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11','{}','[]','<a/>','a.b','a','10.0.0.1','10.0.0.0/8','08:00:2b:01:02:03');
UPDATE texts SET v = 'v' WHERE id = 1;
DELETE FROM needed WHERE id = 1;
