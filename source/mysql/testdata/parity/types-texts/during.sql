INSERT INTO chars VALUES
 (11,'café €“','žluťoučký kůň','Řeka','Привет','Привет','Київ','Ελλάδα','שלום','İstanbul ğ','Žemė','سلام','Ķekava','café','Łódź','Мир','café','Řeka','สวัสดี','日本語カナ','日本語①～','日本語カナ','日本語①','한국어','中文','中文繁體','中文繁體😀','繁體中文','plain','héllo 日本','emoji 😀 é','héllo 日','emoji 😀','emoji 😀','emoji 😀','café','Հայ','ქარ','abc','Ahoj','abc');
UPDATE chars SET id = 3 WHERE id = 1;
INSERT INTO varchars VALUES
 (11,'café €“','žluťoučký kůň','Řeka','Привет','Привет','Київ','Ελλάδα','שלום','İstanbul ğ','Žemė','سلام','Ķekava','café','Łódź','Мир','café','Řeka','สวัสดี','日本語カナ','日本語①～','日本語カナ','日本語①','한국어','中文','中文繁體','中文繁體😀','繁體中文','plain','héllo 日本','emoji 😀 é','héllo 日','emoji 😀','emoji 😀','emoji 😀','café','Հայ','ქარ','abc','Ahoj','abc');
UPDATE varchars SET id = 3 WHERE id = 1;
INSERT INTO texts VALUES
 (11,'café €“','žluťoučký kůň','Řeka','Привет','Привет','Київ','Ελλάδα','שלום','İstanbul ğ','Žemė','سلام','Ķekava','café','Łódź','Мир','café','Řeka','สวัสดี','日本語カナ','日本語①～','日本語カナ','日本語①','한국어','中文','中文繁體','中文繁體😀','繁體中文','plain','héllo 日本','emoji 😀 é','héllo 日','emoji 😀','emoji 😀','emoji 😀','café','Հայ','ქარ','abc','Ahoj','abc');
UPDATE texts SET id = 3 WHERE id = 1;
INSERT INTO plain VALUES
 (11,'a  ','','abcde',REPEAT('ä',300),'A','tiny','line\nbreak\ttab\0nul',REPEAT('m',70000),'"quoted" \\ back','né','n','n','l','lv','x','x','x','x','x','x','x'),
 (12,NULL,NULL,'',NULL,NULL,NULL,NULL,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO plain(id,mt) VALUES (13,'😀');
INSERT INTO named VALUES ('è','','x');
DELETE FROM named WHERE b = 'z';
