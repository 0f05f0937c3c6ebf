"""Ids that ingest accepts and that a query, a shell, a path or a spreadsheet would take amiss."""

# What each of these would mean to something that an id passes through.
PIECES = (
    *("=", "?", "#", "%", "&", "+", "*", "!", "$", "^", "~", "|", ":", ";", ",", ".", "@", "/"),
    *("'", "''", '"', "`", "\\", "\\\\", "\\'", "\\n", "\\u0041", "(", ")", "[", "]", "{", "}"),
    *("<", ">", "<b>", "&amp;", "--", "/*", "*/", "{}", "{0}", "{{x}}", "%s", "%27", "%00", "${x}"),
    *("é", "e\u0301", "ñ", "ß", "İ", "Ω", "ж", "中文", "한글", "العربية", "हिन्दी"),
    *("😀", "👩\u200d👩\u200d👧", "🇩🇪"),
    *("\u200b", "\u200d", "\u202e", "\ufeff", "\ufffd", "\ue000", "\U000e0001", "\U0010fffd"),
)
WHOLE = (
    *("-", "--", "-p", "--lake", "--help", "-1", "0", "00", "1e5", "NULL", "null", "None", "true"),
    *("..", "../..", "/etc/passwd", "~root", "C:\\x", "file:///x", "http://x/?a=b#c", "a/b/c"),
    *("' OR '1'='1", "'; DROP TABLE posts_v1; --", "x'/**/OR/**/1=1--", "posts_v1", "day='2026'"),
    *("$(id)", "`id`", "${system:user.name}", "${env:HOME}", "=1+1", "@SUM(A1)", "[1]", '{"a":1}'),
    *("_", "%", "__HIVE_DEFAULT_PARTITION__", "day=2026-10-01", "p1", "P1", "x" * 128, "😀" * 128),
)
# About 200, none of which has white space: an id has none.
ODD_IDS = sorted(
    {
        text.replace(" ", "")
        for text in (
            *WHOLE,
            *PIECES,
            *(f"p{piece}1" for piece in PIECES),
            *(f"p1{piece}" for piece in PIECES),
        )
    }
)
# One of each sort, for what takes long.
SOME_ODD_IDS = [
    *("a=b?c#d%20", "'OR'1'='1", "back\\slash\\", '"`$(id)`"', "${system:user.name}", "é中文"),
    *("👩\u200d👩\u200d👧", "--lake", "../../etc/x", "😀" * 128),
]
REFUSED_IDS = (
    *("", " ", "p 1", " p1", "p1 ", "p\t1", "p1\n", "p1\r\n", "\np1", "p\x001", "p1\x85", "p1\x7f"),
    *("p1\u2028", "p1\u2029", "p\u00a01", "p\u30001", "\u1680", "p\u20091", "p\x1b[2J", "x" * 129),
    "😀" * 129,
)
