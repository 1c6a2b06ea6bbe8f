"""What html_to_text promises."""

import pytest
from function import html_to_text


def test_tags_go_and_their_text_stays():
    """Inline tags leave no trace, attributes included."""
    assert html_to_text('a <b class="x">bold</b>, <a href="http://x">li</a>nk') == "a bold, link"


def test_character_references():
    """Names and numbers of characters become the characters."""
    assert html_to_text("&lt;b&gt; &amp;amp; &quot;&#39;&#x141;&oacute;d&#378;&rdquo;") == "<b> &amp; \"'Łódź”"


def test_white_space_collapses():
    """Runs of spaces, tabs and line ends become one space, across tags too, and none at the ends."""
    assert html_to_text(" \n a\t\r\n b <i> c</i> \f d\r") == "a b c d"


def test_no_break_spaces_stay():
    """A no-break space becomes a space that does not collapse."""
    assert html_to_text("5&nbsp;€&nbsp;&nbsp;a") == "5 €  a"


@pytest.mark.parametrize("tag", ["p", "h1", "h6"])
def test_paragraphs_and_headings(tag: str):
    """One empty line stands around each."""
    assert html_to_text(f"a<{tag}>b</{tag}> <{tag}>c</{tag}>d") == "a\n\nb\n\nc\n\nd"


@pytest.mark.parametrize("tag", ["div", "li", "tr", "section", "blockquote", "dd"])
def test_other_blocks(tag: str):
    """Each stands on a line of its own, without empty lines, however deep."""
    assert html_to_text(f"a <{tag}> <{tag}>b</{tag}></{tag}> <{tag}>c</{tag}> d") == "a\nb\nc\nd"


def test_tags_left_open():
    """List items, paragraphs and cells need no end tags."""
    assert html_to_text("<ul><li>a<li>b</ul><p>c<p>d") == "a\nb\n\nc\n\nd"


def test_breaks():
    """Each `br` ends a line, and one at the end of a block adds none."""
    assert html_to_text("a<br>b <br/> <br />c<div>d<br></div>e") == "a\nb\n\nc\nd\ne"


def test_tables():
    """Cells of a row are separated by a tab, the empty ones too, and rows stand on lines."""
    table = "<table><tr><th>a</th> <th>b</th></tr>\n<tr><td> c </td><td></td><td>d</td></tr><tr><td></td><td>e</table>f"
    assert html_to_text(table) == "a\tb\nc\t\td\n\te\nf"


def test_preformatted_text():
    """In `pre` spaces and line ends stay; the text behind it collapses again."""
    assert html_to_text("a<pre>\n  x  y\n\n\tz\n</pre>b  c<pre>d\r\n  e</pre>") == "a\n  x  y\n\n\tz\nb c\nd\n  e"


@pytest.mark.parametrize("tag", ["script", "style", "template", "title"])
def test_what_nobody_sees(tag: str):
    """Scripts, styles, templates and titles are left out, whatever is in them."""
    assert html_to_text(f"a<{tag}>no &amp; nothing</{tag}>b <{tag}></{tag}>c") == "ab c"
    assert html_to_text("a<template>x<p>y<br></p><style>z</style>w</template>b") == "ab"


def test_comments_and_declarations():
    """Comments and the document type are left out."""
    assert html_to_text("<!DOCTYPE html><!-- no <p> -->a<!-- no -->b") == "ab"


def test_a_page():
    """A whole page becomes its text."""
    page = "<html><head><title>T</title></head><body>\n<h1>Offer</h1>\n<p>Fish\nand chips</p>\n</body></html>\n"
    assert html_to_text(page) == "Offer\n\nFish and chips"


def test_plain_text_and_nothing():
    """A text without tags stays, a lone ampersand too; nothing gives nothing."""
    assert html_to_text("R&D at 1 < 2 & more") == "R&D at 1 < 2 & more"
    assert html_to_text(" <p> </p> ") == ""


def test_control_characters_go():
    """Characters that no page may hold do not become borders."""
    assert html_to_text("a\x1b\x1c\x1d\x1e\x1fb") == "ab"
