UPDATE toast SET n = 2;
