CREATE TABLE intervals (id INT PRIMARY KEY, i INTERVAL, n INTERVAL NOT NULL, d INTERVAL DEFAULT '1 day', y INTERVAL YEAR TO MONTH, s INTERVAL SECOND(3));
INSERT INTO intervals VALUES (1, '1 year 2 months 3 days 4 hours 5 minutes 6.78 seconds','1 day','2 days','3 years','4.567 seconds');
INSERT INTO intervals VALUES (2, '-1 year 1 day -00:00:00.5','0',NULL,NULL,NULL);
INSERT INTO intervals VALUES (3, '-1 mon -2 days -03:04:05.000006','100 hours','-1 day','-5 mons','0');
