"""What extract_links promises."""

import pytest
from function import extract_links


def test_links_in_order_each_once():
    """Every link comes once, at the place of its first appearance."""
    text = "https://b.example/2 http://a.example https://b.example/2 https://b.example/1"
    assert extract_links(text) == ["https://b.example/2", "http://a.example", "https://b.example/1"]


def test_nothing_to_find():
    """Other schemes, bare domains and schemes without a host are no links."""
    assert extract_links("ftp://a.example www.example.com mailto:a@b.pl http:// https://. http://) x") == []
    assert extract_links("http://a") == ["http://a"]


def test_links_differ_by_any_character():
    """Links that are not written alike are different links."""
    links = ["https://a.example", "https://a.example/", "http://a.example", "https://A.example"]
    assert extract_links(" ".join(links)) == links


def test_scheme_in_any_case():
    """The scheme may be in capitals, and stays so."""
    assert extract_links("HTTPS://A.EXAMPLE Http://b.example") == ["HTTPS://A.EXAMPLE", "Http://b.example"]


def test_a_scheme_that_only_ends_so():
    """The scheme must not be the end of a longer word or scheme; another sign may stand before it."""
    assert extract_links("xhttp://a.example 1http://b.example git+https://c.example (_https://d.example") == [
        "https://d.example"
    ]


@pytest.mark.parametrize("mark", [".", ",", ":", ";", "!", "?", "*", "_", "~", "'", "’", "…", "...", "?!", "**"])
def test_trailing_punctuation(mark: str):
    """Punctuation behind a link is not part of it, in the middle it is."""
    assert extract_links(f"see https://a.example/x{mark} and") == ["https://a.example/x"]
    assert extract_links(f"see https://a.example/x{mark}y") == [f"https://a.example/x{mark}y"]


@pytest.mark.parametrize(
    "end", [" ", "\n", "\t", "<", ">", '"', "`", "\\", "^", "{", "|", "}", "“", "”", "„", "«", "»"]
)
def test_characters_that_end_a_link(end: str):
    """White space, quotes and what RFC 3986 does not allow end a link."""
    assert extract_links(f"https://a.example/x{end}y") == ["https://a.example/x"]


def test_brackets():
    """Brackets opened in the link belong to it, one that was opened before ends it."""
    assert extract_links("(https://a.example/b_(c)_d)") == ["https://a.example/b_(c)_d"]
    assert extract_links("(see https://a.example/b).") == ["https://a.example/b"]
    assert extract_links("[https://a.example/b]x") == ["https://a.example/b"]
    assert extract_links("https://a.example/(b]c)") == ["https://a.example/(b"]
    assert extract_links("https://a.example/[b](c)") == ["https://a.example/[b](c)"]


def test_markdown():
    """Links, images, angle brackets, titles and emphasis of Markdown are understood, without gaps too."""
    text = (
        "[a](https://a.example)[b](https://b.example 'title'), ![c](https://c.example/c.png) <https://d.example>\n"
        "**https://e.example** [https://f.example](https://f.example/)\n\n[g]: https://g.example\n| https://h.example |"
    )
    hosts = ["a.example", "b.example", "c.example/c.png", "d.example", "e.example", "f.example", "f.example/"]
    assert extract_links(text) == [f"https://{host}" for host in [*hosts, "g.example", "h.example"]]


def test_html():
    """Attributes in either quotes and text between tags are understood."""
    text = (
        """<a href="https://a.example/?x=1">https://b.example</a><img src='https://c.example/it'alt=''>"""
        "<a href=https://d.example>"
    )
    assert extract_links(text) == [
        "https://a.example/?x=1",
        "https://b.example",
        "https://c.example/it",
        "https://d.example",
    ]


def test_apostrophes():
    """An apostrophe belongs to a link, but ends one that has one before it."""
    assert extract_links("https://a.example/Don't") == ["https://a.example/Don't"]
    assert extract_links("['https://a.example','https://b.example']") == ["https://a.example", "https://b.example"]


def test_escaped_ampersands():
    """The reference `&amp;` counts as `&`, and both spellings are one link."""
    assert extract_links("https://a.example/?b=1&amp;c=2&amp;d=3 https://a.example/?b=1&c=2&d=3") == [
        "https://a.example/?b=1&c=2&d=3"
    ]


@pytest.mark.parametrize("reference", ["&lt;", "&gt;", "&quot;", "&apos;", "&nbsp;", "&#34;", "&#039;", "&#x27;"])
def test_references_that_end_a_link(reference: str):
    """A reference for a quote, an angle bracket or a space ends a link; an ordinary parameter does not."""
    assert extract_links(f"https://a.example/x{reference}y") == ["https://a.example/x"]
    assert extract_links(f"https://a.example/?x{reference[:-1]}=y") == [f"https://a.example/?x{reference[:-1]}=y"]


def test_all_parts_of_an_address():
    """User, port, path, query, fragment and escapes are kept as written."""
    link = "https://me:pw@a-b.example:8080/p/~q;r=1/%C5%81?x=a,b&y[]=$1#!frag=(1)+2/"
    assert extract_links(f"at {link} there") == [link]


def test_other_scripts_and_numeric_hosts():
    """Letters of any script and hosts in numbers are accepted."""
    links = ["https://pl.example/wiki/Łódź", "https://例え.jp", "http://127.0.0.1:80", "http://[2001:db8::1]:8080/x"]
    assert extract_links(" ".join(links)) == links
