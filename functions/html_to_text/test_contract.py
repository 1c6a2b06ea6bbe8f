"""What `html_to_text` promises in its description, checked without a look at how it does it."""

from function import html_to_text


def test_tags_go():
    """Tags leave their text, and attributes are no text."""
    assert html_to_text('<a href="https://example.com" title="t">Read <b>this</b></a>') == "Read this"
    assert html_to_text("plain") == "plain"


def test_nothing():
    """Nothing, blanks and tags alone give nothing."""
    assert html_to_text("") == ""
    assert html_to_text(" \n <div><br></div> ") == ""
    assert html_to_text("a<p></p><p> </p>") == "a"


def test_character_references():
    """Names, decimal and hexadecimal numbers become what they stand for."""
    assert html_to_text("&lt;b&gt; &amp; &quot;x&quot;") == '<b> & "x"'
    assert html_to_text("&#8364; &#x20AC; &euro; &oacute;") == "€ € € ó"
    assert html_to_text("&amp;lt;") == "&lt;"


def test_white_space_collapses():
    """Blanks, tabs and line ends are one space, across tags within a line too."""
    assert html_to_text("a \t\n  b") == "a b"
    assert html_to_text("<b>a </b> <i> b</i>") == "a b"
    assert html_to_text("<b>a</b><i>b</i>") == "ab"


def test_paragraphs_and_headings():
    """An empty line stands around each of them, never two."""
    assert html_to_text("<h1>One</h1><p>two</p>\n<p>three</p><h2>Four</h2>") == "One\n\ntwo\n\nthree\n\nFour"
    assert html_to_text("a<p>b</p>c") == "a\n\nb\n\nc"
    assert html_to_text("<h6>x</h6>y") == "x\n\ny"


def test_other_blocks():
    """Blocks such as div, li and tr stand on lines of their own."""
    assert html_to_text("<div>a</div><div>b</div>c") == "a\nb\nc"
    assert html_to_text("<ul>\n<li>a</li>\n<li>b</li>\n</ul>") == "a\nb"
    assert html_to_text("x<div><div>y</div></div>z") == "x\ny\nz"


def test_blocks_of_every_kind():
    """All that HTML shows as a block begins and ends a line; what it shows within a line does not."""
    for tag in ("address", "article", "aside", "blockquote", "dd", "dl", "dt", "fieldset", "figcaption", "figure"):
        assert [line for line in html_to_text(f"a<{tag}>b</{tag}>c").splitlines() if line] == ["a", "b", "c"]
    for tag in ("footer", "form", "header", "main", "nav", "ol", "section", "ul", "h3", "h4", "h5", "pre"):
        assert [line for line in html_to_text(f"a<{tag}>b</{tag}>c").splitlines() if line] == ["a", "b", "c"]
    for tag in ("a", "abbr", "code", "em", "i", "small", "span", "strong", "sub", "u"):
        assert html_to_text(f"a<{tag}>b</{tag}>c") == "abc"


def test_line_breaks():
    """A br ends a line, in each of its spellings, and blanks around it go."""
    assert html_to_text("a<br>b<br/>c<BR />d") == "a\nb\nc\nd"
    assert html_to_text("a <br> b") == "a\nb"


def test_table_rows():
    """The cells of a row are separated by tabs, and each row is a line."""
    text = "<table><tr><th>k</th><th>v</th></tr><tr><td>a</td><td>1</td></tr></table>"
    assert html_to_text(text) == "k\tv\na\t1"
    assert html_to_text("<table>\n <tr>\n <td> a </td>\n <td> b </td>\n </tr>\n</table>") == "a\tb"


def test_what_is_left_out():
    """Comments and the contents of script, style, template and title are no text."""
    assert html_to_text("a<!-- b --><script>c < d</script><style>e{}</style>f") == "af"
    assert html_to_text("<head><title>T</title></head><body>a<template><p>b</p></template></body>") == "a"
    assert html_to_text("<!DOCTYPE html><html><body>a</body></html>") == "a"


def test_preformatted_text():
    """In pre, spaces and line ends stay."""
    assert html_to_text("<p>x</p><pre>a  b\n    c\n\nd</pre>").endswith("a  b\n    c\n\nd")


def test_no_break_spaces():
    """A no-break space is a space that does not collapse."""
    assert html_to_text("a&nbsp;b") == "a b"
    assert html_to_text("a&nbsp;&nbsp;b\u00a0c") == "a  b c"


def test_open_tags():
    """Tags may be left open, and pieces of a page are read like pages."""
    assert html_to_text("<p>a<p>b") == "a\n\nb"
    assert html_to_text("<li>a<li>b") == "a\nb"
    assert html_to_text("<b>a <i>b") == "a b"


def test_letters_of_tags():
    """Tags may have capitals."""
    assert html_to_text("<P>a</P><SCRIPT>x</SCRIPT><P>b</P>") == "a\n\nb"


def test_no_blanks_at_the_ends():
    """Neither empty lines nor spaces begin or end the text."""
    assert html_to_text("\n  <p> a </p>\n<br><br>\n") == "a"
