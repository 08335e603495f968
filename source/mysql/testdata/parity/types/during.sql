UPDATE types SET nn = nn + 1, ts6 = '2020-06-01 01:02:03.456789';
UPDATE types SET id = id + 10, ts6 = '2020-06-01 01:02:03.456789';
DELETE FROM types WHERE id = 12;
