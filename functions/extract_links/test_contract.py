"""What `extract_links` promises in its description, checked without a look at how it does it."""

from function import extract_links


def test_links_in_a_text():
    """Both kinds of links are found, in their order."""
    text = "first https://b.example/x then http://a.example"
    assert extract_links(text) == ["https://b.example/x", "http://a.example"]


def test_nothing():
    """Where there is no link there is an empty list."""
    assert extract_links("") == []
    assert extract_links("example.com, www.example.com, ftp://example.com, mailto:a@example.com") == []


def test_each_link_once():
    """A link that comes again keeps its first place; a different spelling is another link."""
    text = "https://a.example https://b.example https://a.example https://a.example/ https://A.example"
    assert extract_links(text) == ["https://a.example", "https://b.example", "https://a.example/", "https://A.example"]


def test_case_of_the_scheme():
    """The beginning may have capitals, and stays as it was written."""
    assert extract_links("HTTPS://Example.com/Path Http://x.example") == [
        "HTTPS://Example.com/Path",
        "Http://x.example",
    ]


def test_punctuation_behind():
    """Marks that end a sentence or emphasis are not part of the link, several of them either."""
    for mark in (".", ",", ":", ";", "!", "?", "*", "_", "~", "'", "...", "?!", "…", "’", "**,"):
        assert extract_links(f"See https://example.com/a{mark} Next") == ["https://example.com/a"]
        assert extract_links(f"See https://example.com/a{mark}") == ["https://example.com/a"]


def test_punctuation_within():
    """The same marks within a link belong to it."""
    link = "https://user@example.com:8080/a.b,c;d/~e_f*g!h'i?j=k:l&m=%20#n-o+p"
    assert extract_links(f"<{link}>") == [link]
    assert extract_links("http://example.com/?") == ["http://example.com/"]


def test_brackets():
    """A closing bracket belongs to the link only where it was opened within it."""
    assert extract_links("(https://example.com/a)") == ["https://example.com/a"]
    assert extract_links("https://example.com/a_(b) c") == ["https://example.com/a_(b)"]
    assert extract_links("(see https://example.com/a_(b).)") == ["https://example.com/a_(b)"]
    assert extract_links("[https://example.com/a]") == ["https://example.com/a"]


def test_an_address_in_brackets():
    """An IPv6 host keeps its brackets."""
    assert extract_links("http://[2001:db8::1]:80/x.") == ["http://[2001:db8::1]:80/x"]


def test_markdown():
    """Links, images, titles and references of Markdown give their addresses."""
    text = '[a](https://a.example/1) ![b](https://b.example/2.png "B") <https://c.example>\n[d]: https://d.example\n'
    expected = ["https://a.example/1", "https://b.example/2.png", "https://c.example", "https://d.example"]
    assert extract_links(text) == expected
    assert extract_links("**https://a.example** `https://b.example`") == ["https://a.example", "https://b.example"]


def test_html():
    """Attributes in either quotes, and text between tags, give their links."""
    text = "<a href=\"https://a.example/x\">https://b.example</a><img src='http://c.example/y.png'>"
    assert extract_links(text) == ["https://a.example/x", "https://b.example", "http://c.example/y.png"]


def test_ampersands_of_html():
    """An escaped ampersand counts as a plain one, so both spellings are one link."""
    text = "https://example.com/?a=1&amp;b=2&amp;c=3 https://example.com/?a=1&b=2&c=3"
    assert extract_links(text) == ["https://example.com/?a=1&b=2&c=3"]


def test_what_ends_a_link():
    """White space, quotes, angle brackets and characters that no link has end it."""
    for end in (" ", "\n", "\t", "\u00a0", '"', "<", ">", "`", "\\", "^", "{", "}", "|"):
        assert extract_links(f"https://example.com/a{end}b") == ["https://example.com/a"]


def test_letters_of_any_script():
    """Letters beyond ASCII belong to the link, in the host and in the path."""
    links = ["https://żółw.example/ścieżka", "http://例え.example/道"]
    assert extract_links(" ".join(links)) == links


def test_links_next_to_each_other():
    """A comma and a space, or a line end, part two links."""
    text = "https://a.example, https://b.example\nhttps://c.example"
    assert extract_links(text) == ["https://a.example", "https://b.example", "https://c.example"]
