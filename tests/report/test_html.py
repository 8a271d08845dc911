"""What is put into a page is escaped, unless it is HTML of ours."""

from __future__ import annotations

from embedkit.report.html import Html, Told, html, join, table, tag
from embedkit.wording import wording

NASTY = '<script>alert("x")</script> & more'
ESCAPED = '&lt;script&gt;alert("x")&lt;/script&gt; &amp; more'


def test_text_is_escaped_once() -> None:
    assert html(NASTY) == ESCAPED
    assert html(html(NASTY)) == ESCAPED
    assert tag("p", tag("b", NASTY)) == f"<p><b>{ESCAPED}</b></p>"


def test_an_attribute_cannot_be_left() -> None:
    assert tag("a", "x", title='" onclick="alert(1)') == '<a title="&quot; onclick=&quot;alert(1)">x</a>'


def test_names_with_dashes_and_names_that_python_keeps_are_written_as_html_has_them() -> None:
    assert tag("p", class_="a", aria_hidden="true", id=None) == '<p class="a" aria-hidden="true"></p>'
    assert tag("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_html_that_is_glued_to_text_is_text_again() -> None:
    assert html(tag("b", "x") + "y") == "&lt;b&gt;x&lt;/b&gt;y"


def test_nothing_is_nothing() -> None:
    assert join([None, "", "a"], "-") == "--a"


def test_a_message_and_its_values_are_escaped_but_html_among_them_is_kept() -> None:
    _ = Told(wording("en"))
    assert _("a < b: {x} and {y}", x=NASTY, y=tag("b", "&")) == f"a &lt; b: {ESCAPED} and <b>&amp;</b>"


def test_a_plural_takes_html_too_and_braces_in_a_value_stay() -> None:
    _ = Told(wording("en"))
    assert _.plural("{n} of {x}", "{n} of {x}", 1200, x=Html("<b>{n}</b>")) == "1,200 of <b>{n}</b>"


def test_a_missing_number_is_a_dash() -> None:
    _ = Told(wording("en"))
    assert (_.number(None), _.share(None), _.moment(None)) == ("–", "–", "–")


def test_a_table_names_its_rows_and_columns() -> None:
    said = table(["a", "b"], [["x", 1]], numbers=(1,))
    assert '<th scope="col">a</th><th class="num" scope="col">b</th>' in said
    assert '<th scope="row">x</th><td class="num">1</td>' in said
