UPDATE toast SET n = 2;
UPDATE toast SET t = 'short';
UPDATE toast SET id = 2;
UPDATE toast_full SET n = 2;
