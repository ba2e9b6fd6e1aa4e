CREATE TABLE c (a int, b text, c numeric(6,2), d date, e bool);
COPY c FROM STDIN;
1	abc	1.5	2020-01-01	t
2	\N	\N	\N	\N
3	a\tb\\c	2	2020-02-01	false
\.
SELECT * FROM c ORDER BY a;
COPY c FROM STDIN (FORMAT csv);
4,"a,b",1.5,2020-01-01,t
5,,,,
6,"","1",2020-01-01,f
7,"a ""q"" b",,,
8,"multi
line",,,
9, sp ,,,
\.
SELECT a, b, b IS NULL, c, d, e FROM c ORDER BY a;
COPY c FROM STDIN (FORMAT csv, HEADER);
a,b,c,d,e
10,x,,,
\.
COPY c (a, b) FROM STDIN (FORMAT csv, DELIMITER ';', NULL 'NIL', QUOTE '''');
11;'a;b'
12;NIL
13;'NIL'
14;''
\.
COPY c (a, b) FROM STDIN (FORMAT csv, FORCE_NULL (b));
15,""
\.
COPY c (a, b) FROM STDIN (FORMAT csv, FORCE_NOT_NULL (b));
16,
\.
COPY c (a, b) FROM STDIN (FORMAT csv, ESCAPE '\');
17,"a\"b\\c"
\.
COPY c (a, b) FROM STDIN (DELIMITER '|', NULL '');
18|
19|x
\.
SELECT a, b, b IS NULL FROM c WHERE a > 9 ORDER BY a;
COPY c (a, b) FROM STDIN;
20
\.
COPY c (a, b) FROM STDIN;
20	a	b
\.
COPY c (a) FROM STDIN;
x
\.
COPY c (a) FROM STDIN;

\.
COPY c (a, b) FROM STDIN (FORMAT csv);
20,"abc
\.
COPY c (a, b) FROM STDIN (FORMAT csv);
20
\.
COPY c (a, b) FROM STDIN (FORMAT csv);
20,a,b
\.
COPY c (nosuch) FROM STDIN;
\.
COPY c (a, a) FROM STDIN;
\.
COPY nosuch FROM STDIN;
\.
COPY c FROM STDIN (FORMAT nosuch);
\.
COPY c FROM STDIN (NOSUCH 1);
\.
COPY c FROM STDIN (DELIMITER 'ab');
\.
COPY c FROM STDIN (FORMAT csv, QUOTE 'ab');
\.
COPY c FROM STDIN (QUOTE 'a');
\.
COPY c FROM STDIN (FORMAT csv, DELIMITER '"');
\.
COPY c FROM STDIN (DELIMITER 'a');
\.
COPY c (a, b) TO STDOUT;
COPY (SELECT a, b, c, d, e FROM c ORDER BY a) TO STDOUT;
COPY (SELECT a, b, c, d, e FROM c ORDER BY a) TO STDOUT (FORMAT csv);
COPY (SELECT a, b, c, d, e FROM c ORDER BY a) TO STDOUT (FORMAT csv, HEADER);
COPY (SELECT a, b FROM c ORDER BY a) TO STDOUT (FORMAT csv, FORCE_QUOTE *);
COPY (SELECT a, b FROM c ORDER BY a) TO STDOUT (FORMAT csv, FORCE_QUOTE (b), NULL 'x', DELIMITER ';');
COPY (SELECT a, b FROM c ORDER BY a) TO STDOUT (FORMAT csv, QUOTE '''', ESCAPE '\');
COPY (SELECT 'a,b', 'a"b', 'a''b', E'a\nb', '', NULL, ' x ', 'NULL', '\.', E'a\\b', E'\r') TO STDOUT (FORMAT csv);
COPY (SELECT 'a,b', E'a\tb', E'a\nb', '', NULL, ' x ', '\N', E'a\\b', E'\r', E'\b\f\v') TO STDOUT;
COPY (SELECT '\.') TO STDOUT (FORMAT csv);
COPY (SELECT 1, '') TO STDOUT (FORMAT csv, NULL 'N');
COPY (SELECT '') TO STDOUT (FORMAT csv);
COPY (SELECT NULL) TO STDOUT (FORMAT csv);
COPY (SELECT 1.5::float8, 1.50, date '2020-01-01', interval '1 day', true, '\x41'::bytea, timestamptz '2020-01-01 10:00+00') TO STDOUT;
COPY c TO STDOUT (HEADER);
COPY c (b, a) TO STDOUT WITH CSV HEADER DELIMITER ';';
COPY c (a, b) FROM STDIN WITH CSV NULL 'x';
30,x
31,"x"
\.
COPY c (a, b) FROM STDIN (HEADER);
a	b
32	y
\.
COPY c (a, b) FROM STDIN (HEADER match);
a	b
33	y
\.
COPY c (a, b) FROM STDIN (FORMAT csv, HEADER match);
b,a
34,y
\.
COPY c (a, b) FROM STDIN WHERE a > 35;
35	y
36	z
\.
SELECT a, b FROM c WHERE a >= 30 ORDER BY a;
COPY c (a, b) FROM STDIN;
40	\x41\101\n\q
41	a\
b
\.
SELECT a, b FROM c WHERE a >= 40 ORDER BY a;
CREATE TABLE u (a int PRIMARY KEY, b int DEFAULT 7 CHECK (b > 0));
COPY u FROM STDIN;
1	1
1	2
\.
COPY u FROM STDIN;
1	0
\.
COPY u FROM STDIN;
\N	1
\.
COPY u (a) FROM STDIN;
5
\.
SELECT * FROM u;
COPY u FROM '/nonexistent/file';
COPY (SELECT 1) FROM STDIN;
COPY u TO STDOUT WHERE a = 1;
COPY (DELETE FROM u RETURNING a) TO STDOUT;
