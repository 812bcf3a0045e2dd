import pytest

from hftlib.io.store.guard import NotReadingError, checked

ENGINE = ("numbers", "file", "url", "remote", "s3Cluster", "mysql", "values")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "select * from trades where symbol = 'BTCUSDT' order by ts_recv",
        "WITH 1 AS x SELECT x",
        "-- a comment\nSELECT 1 /* file() */",
        "SELECT 'file(''/etc/passwd''); INTO OUTFILE' AS text",
        "SELECT 'it\\'s; url' AS text",
        'SELECT "mid" FROM features_1s',
        "SHOW TABLES",
        "DESCRIBE trades",
        "EXPLAIN SELECT 1",
        "SELECT number FROM numbers(10)",
        "SELECT 1 AS profile, 2 AS file_name",
    ],
)
def test_a_reading_statement_passes_as_it_is(sql):
    assert checked(sql, ENGINE) == sql


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("", "empty"),
        (" ; ", "empty"),
        ("/* SELECT */", "empty"),
        ("INSERT INTO trades VALUES (1)", "must begin with SELECT"),
        ("KILL QUERY WHERE 1", "must begin with SELECT"),
        ("SET readonly = 0", "must begin with SELECT"),
        ("SELECT 1; DROP TABLE trades", "more than one statement"),
        ("SELECT 1; SELECT 2", "more than one statement"),
        ("SELECT file('/etc/passwd')", "'file' reaches beyond"),
        ("SELECT FILE('/etc/passwd')", "'file' reaches beyond"),
        ("SELECT `file`('/etc/passwd')", "'file' reaches beyond"),
        ("SELECT * FROM \"url\"('http://a')", "'url' reaches beyond"),
        ("SELECT * APPLY(file) FROM (SELECT '/etc/passwd')", "'file' reaches beyond"),
        ("SELECT * FROM s3cluster('c', 'u')", "'s3cluster' reaches beyond"),
        ("SELECT 1 INTO OUTFILE '/tmp/x'", "'outfile' reaches beyond"),
        ("SELECT 1 INTO/**/OUTFILE '/tmp/x'", "'outfile' reaches beyond"),
        ("SELECT * FROM Python(x)", "'python' reaches beyond"),
        ("SELECT 'a\\\\' , file('/x') --'", "'file' reaches beyond"),
        ("SELECT '", "never closed"),
        ("SELECT `fi\\x6ce`('/x')", "an escape within the name"),
        ("SELECT $a$;$a$", "dollar signs"),
        ("SELECT ‘file’", "outside of a text"),
        ("SELECT /* never closed file('/x')", "'file' reaches beyond"),
        ("SELECT " + "1," * 60_000, "more than 100,000 characters"),
    ],
)
def test_whatever_writes_or_reaches_out_is_refused_in_words(sql, words):
    with pytest.raises(NotReadingError, match=words):
        checked(sql, ENGINE)


def test_the_closing_semicolon_is_taken_off():
    assert checked(" SELECT 1 ; ", ENGINE) == "SELECT 1"
