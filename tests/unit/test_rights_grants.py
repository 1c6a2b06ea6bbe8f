"""Grants are read exactly, written in one form, and cover no more than they say."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import BadGrant
from agent.rights.grants import METHODS, HttpGrant, below, covered, parse, read_grants
from agent.rights.places import BadPlace, Place, read_place, read_url

LABELS = st.from_regex(r"[a-z]([a-z0-9-]{0,5}[a-z0-9])?", fullmatch=True)
DOMAINS = st.lists(LABELS, min_size=2, max_size=4).map(".".join)
PLACES = st.builds(
    Place, scheme=st.sampled_from(["http", "https"]), host=DOMAINS, port=st.sampled_from([80, 443, 1, 8080, 65_535])
)
PATTERNS = st.builds(
    lambda place, wild: replace(place, host=f"*.{place.host}" if wild else place.host), PLACES, st.booleans()
)
GRANTS = st.builds(HttpGrant, method=st.sampled_from([*METHODS, "*"]), place=PATTERNS, private=st.booleans())


@pytest.mark.parametrize(
    ("line", "canonical"),
    [
        ("http GET api.example.org", "http GET api.example.org"),
        ("  http   get  API.Example.ORG ", "http GET api.example.org"),
        ("http * *.example.org", "http * *.example.org"),
        ("http GET https://api.example.org:443", "http GET api.example.org"),
        ("http GET https://api.example.org:8443", "http GET https://api.example.org:8443"),
        ("http GET http://127.0.0.1:8080", "http GET http://127.0.0.1:8080"),
        ("http GET http://127.0.0.1:80", "http GET http://127.0.0.1"),
        ("http GET http://[::1]:8080", "http GET http://[::1]:8080"),
        ("http GET [2001:DB8:0::1]", "http GET [2001:db8::1]"),
        ("http GET http://localhost:8080", "http GET http://localhost:8080"),
        ("http POST intranet.example.org private", "http POST intranet.example.org private"),
        ("http GET xn--grn-hoa.example.org", "http GET xn--grn-hoa.example.org"),
        ("function slugify 1.0.0", "function slugify 1.0.0"),
        ("secret WEATHER_KEY api.example.org", "secret WEATHER_KEY api.example.org"),
        ("secret key http://127.0.0.1:8080", "secret key http://127.0.0.1:8080"),
        ("llm 5", "llm 5"),
        ("files in", "files in"),
        ("files out", "files out"),
        ("chat post general", "chat post general"),
        (" chat  upload   rocketchat:General ", "chat upload rocketchat:General"),
        ("chat call stand-up", "chat call stand-up"),
        ("chat create incident-7 private", "chat create incident-7 private"),
        ("chat create rocketchat:incident-* public", "chat create rocketchat:incident-* public"),
        ("gitlab project platform/tools", "gitlab project platform/tools"),
        (" gitlab  issue  Platform/tools-2.x/_a ", "gitlab issue Platform/tools-2.x/_a"),
        ("gitlab merge-request platform/tools", "gitlab merge-request platform/tools"),
        ("gitlab commit platform/tools kowal/fix-1.2", "gitlab commit platform/tools kowal/fix-1.2"),
        ("gitlab commit platform/tools main", "gitlab commit platform/tools main"),
        ("gitlab pipeline platform/tools", "gitlab pipeline platform/tools"),
        ("another_forge log platform/tools", "another_forge log platform/tools"),
    ],
)
def test_a_grant_has_one_form(line, canonical):
    """However it is spaced or capitalised, a line is read as one grant, and its form reads as the same one."""
    assert str(parse(line)) == canonical
    assert parse(canonical) == parse(line)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "begins with one of"),
        ("net:example.org", "begins with one of"),
        ("HTTP GET a.example.org", "begins with one of"),
        ("http GET a.example.org\nllm 9", "begins with one of"),
        ("http GET " + "a." * 300 + "org", "begins with one of"),
        ("http api.example.org", "reads `http METHOD HOST`"),
        ("http GET a.example.org public", "reads `http METHOD HOST`"),
        ("http GET a.example.org private now", "reads `http METHOD HOST`"),
        ("http FETCH api.example.org", "the method is one of GET"),
        ("http GET api.example.org:8443", "write a port with its scheme"),
        ("http GET ftp://api.example.org", "no HOST"),
        ("http GET https://api.example.org/", "no host name"),
        ("http GET https://user@api.example.org", "no host name"),
        ("http GET https://api.example.org:0", "no HOST"),
        ("http GET https://api.example.org:65536", "no port 65536"),
        ("http GET *", "no host name"),
        ("http GET *.org", "too wide"),
        ("http GET *.localhost", "too wide"),
        ("http GET *.127.0.0.1", "too wide"),
        ("http GET a.*.org", "no host name"),
        ("http GET *.*.example.org", "no host name"),
        ("http GET api..example.org", "no host name"),
        ("http GET api.example.org.", "no host name"),
        ("chat", "reads `chat post|upload|call ROOM`"),
        ("chat post", "reads `chat post|upload|call ROOM`"),
        ("chat shout general", "reads `chat post|upload|call ROOM`"),
        ("chat post general private", "reads `chat post|upload|call ROOM`"),
        ("chat post general and more", "reads `chat post|upload|call ROOM`"),
        ("chat create incident-7", "reads `chat post|upload|call ROOM`"),
        ("chat create incident-7 secret", "reads `chat post|upload|call ROOM`"),
        ("chat post #general", "without `#`"),
        ("chat post @ann", "people are no rooms"),
        ("chat post *", "is no room"),
        ("chat post incident-*", "is no room"),
        ("chat create * private", "is no room"),
        ("chat create incident* private", "is no room"),
        ("chat post ../general", "is no room"),
        ("chat post g\u0435neral", "is no room"),
        ("chat post general\u00a0", "begins with one of"),
        ("chat post general\nchat post secret", "begins with one of"),
        ("gitlab", "or with a code host"),
        ("gitlab platform/tools", "begins with one of"),
        ("gitlab delete platform/tools", "begins with one of"),
        ("GitLab issue platform/tools", "begins with one of"),
        ("git-lab issue platform/tools", "begins with one of"),
        ("g\u0456tlab issue platform/tools", "begins with one of"),
        ("gitlab issue platform/tools\u00a0", "begins with one of"),
        ("gitlab issue platform/tools\ngitlab issue a/b", "begins with one of"),
        ("gitlab issue", "it reads `HOST project GROUP`"),
        ("gitlab issue platform/tools main", "it reads `HOST project GROUP`"),
        ("gitlab commit platform/tools", "it reads `HOST project GROUP`"),
        ("gitlab commit platform/tools main now", "it reads `HOST project GROUP`"),
        ("gitlab issue tools", "by its whole path"),
        ("gitlab issue platform/*", "is no path"),
        ("gitlab issue *", "is no path"),
        ("gitlab project platform-*", "is no path"),
        ("gitlab project 42", "for an id"),
        ("gitlab issue 42/tools", "for an id"),
        ("gitlab issue platform/../secret", "is no path"),
        ("gitlab issue platform//tools", "is no path"),
        ("gitlab issue /platform/tools", "is no path"),
        ("gitlab issue platform/t\u043eols", "is no path"),
        ("gitlab issue https://git.example.org/platform/tools", "is no path"),
        ("gitlab commit platform/tools fix-*", "is no branch"),
        ("gitlab commit platform/tools refs/heads/main", "is no branch"),
        ("gitlab commit platform/tools HEAD", "is no branch"),
        ("gitlab commit platform/tools m\u0430in", "is no branch"),
        (f"gitlab issue platform/{'x' * 200}", "at most 200"),
        ("http GET -a.example.org", "no host name"),
        ("http GET \u0430pi.example.org", "xn--"),
        ("http GET 0x7f.1", "four decimal numbers"),
        ("http GET 2130706433", "four decimal numbers"),
        ("http GET 127.0.0.01", "four decimal numbers"),
        ("http GET 0.0.0.0", "not the address of one host"),
        ("http GET 224.0.0.1", "not the address of one host"),
        ("http GET [::ffff:127.0.0.1]", "stands for another address"),
        ("http GET [64:ff9b::7f00:1]", "stands for another address"),
        ("http GET [fe80::1%eth0]", "stands for another address"),
        ("http GET https://[::", "no HOST"),
        ("http GET 10.0.0.1 private", "adds nothing"),
        ("http GET localhost private", "adds nothing"),
        ("function slugify", "reads `function NAME X.Y.Z`"),
        ("function Slugify 1.0.0", "reads `function NAME X.Y.Z`"),
        ("function slugify 1.0", "reads `function NAME X.Y.Z`"),
        ("function slugify *", "reads `function NAME X.Y.Z`"),
        ("function slugify 1.0.0\u0663", "reads `function NAME X.Y.Z`"),
        ("secret api.example.org", "reads `secret NAME HOST`"),
        ("secret A-B api.example.org", "reads `secret NAME HOST`"),
        ("secret KEY *.example.org", "not to a pattern"),
        ("llm", "reads `llm N`"),
        ("llm 0", "reads `llm N`"),
        ("llm 1001", "reads `llm N`"),
        ("llm -1", "reads `llm N`"),
        ("llm \u0665", "reads `llm N`"),
        ("files", "reads `files in`"),
        ("files both", "reads `files in`"),
        ("files in out", "reads `files in`"),
    ],
)
def test_what_is_no_grant_says_what_one_is(line, says):
    """A line that is not exactly a grant is refused, with what it should read."""
    with pytest.raises(BadGrant, match=re.escape(says)) as caught:
        parse(line)
    assert "docs/grants.md" in caught.value.advice


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["function slugify 1.0.0", "function slugify 1.0.1"], "more than one version of `slugify`"),
        (["llm 2", "llm 3"], "more than one line `llm`"),
        (["secret KEY api.example.org"], "leads nowhere"),
        (["http GET http://api.example.org", "secret KEY api.example.org"], "leads nowhere"),
        (["http GET *.example.org", "secret KEY example.org"], "leads nowhere"),
        ([f"http GET a{number}.example.org" for number in range(51)], "50 grants"),
    ],
)
def test_a_manifests_grants_fit_together(lines, says):
    """Lines that contradict each other, a secret that can go nowhere, and too many lines are refused."""
    with pytest.raises(BadGrant, match=re.escape(says)):
        read_grants(lines)


def test_a_line_that_is_repeated_counts_once():
    """The same grant twice is one grant; a secret below a pattern is fine."""
    lines = ["http GET *.example.org", "http get *.Example.org", "secret KEY api.example.org"]
    assert [str(grant) for grant in read_grants(lines)] == ["http GET *.example.org", "secret KEY api.example.org"]


@pytest.mark.parametrize(
    ("wide", "narrow", "does"),
    [
        ("http GET api.example.org", "http GET api.example.org", True),
        ("http * api.example.org", "http DELETE api.example.org", True),
        ("http * api.example.org", "http * api.example.org", True),
        ("http GET api.example.org", "http * api.example.org", False),
        ("http GET api.example.org", "http HEAD api.example.org", False),
        ("http GET *.example.org", "http GET api.example.org", True),
        ("http GET *.example.org", "http GET a.b.example.org", True),
        ("http GET *.example.org", "http GET *.b.example.org", True),
        ("http GET *.example.org", "http GET example.org", False),
        ("http GET *.example.org", "http GET evilexample.org", False),
        ("http GET *.example.org", "http GET api.example.org.evil.org", False),
        ("http GET *.b.example.org", "http GET *.example.org", False),
        ("http GET api.example.org", "http GET *.api.example.org", False),
        ("http GET api.example.org", "http GET http://api.example.org", False),
        ("http GET api.example.org", "http GET https://api.example.org:8443", False),
        ("http GET api.example.org", "http GET api.example.org private", False),
        ("http GET api.example.org private", "http GET api.example.org", True),
        ("llm 5", "llm 5", True),
        ("llm 5", "llm 4", True),
        ("llm 5", "llm 6", False),
        ("function slugify 1.0.0", "function slugify 1.0.0", True),
        ("function slugify 1.0.0", "function slugify 1.0.1", False),
        ("secret KEY a.example.org", "secret KEY a.example.org", True),
        ("secret KEY a.example.org", "secret KEY b.example.org", False),
        ("files in", "files in", True),
        ("files in", "files out", False),
        ("chat post general", "chat post general", True),
        ("chat post general", "chat post General", False),
        ("chat post general", "chat post rocketchat:general", False),
        ("chat post rocketchat:general", "chat post general", False),
        ("chat post general", "chat upload general", False),
        ("chat post general", "chat call general", False),
        ("chat create incident-* private", "chat create incident-7 private", True),
        ("chat create incident-* private", "chat create incident-a-* private", True),
        ("chat create incident-* private", "chat create incident-7 public", False),
        ("chat create incident-* private", "chat create incident- private", False),
        ("chat create incident-* private", "chat create incidents private", False),
        ("chat create incident-7 private", "chat create incident-* private", False),
        ("chat create incident-7 private", "chat post incident-7", False),
        ("gitlab issue platform/tools", "gitlab issue platform/tools", True),
        ("gitlab issue platform/tools", "gitlab issue Platform/tools", False),
        ("gitlab issue platform/tools", "gitlab issue platform/tools/sub", False),
        ("gitlab issue platform/tools", "gitlab merge-request platform/tools", False),
        ("gitlab issue platform/tools", "forge issue platform/tools", False),
        ("gitlab project platform", "gitlab project platform/tools", False),
        ("gitlab commit platform/tools a", "gitlab commit platform/tools a/b", False),
        ("gitlab commit platform/tools a", "gitlab commit platform/tools b", False),
        ("http * *.example.org", "llm 1", False),
        ("llm 1000", "files in", False),
    ],
)
def test_a_grant_covers_what_it_says_and_no_more(wide, narrow, does):
    """One grant covers another only where it allows all of it."""
    assert parse(wide).covers(parse(narrow)) is does
    assert (
        covered([parse(narrow)], [parse("files out"), parse(wide)] if narrow != "files out" else [parse(wide)]) is does
    )


@given(GRANTS)
def test_every_grant_reads_back_as_itself(grant):
    """The text of a grant is its one form: read, it is the same grant, and it covers itself."""
    assert parse(str(grant)) == grant
    assert grant.covers(grant)


@given(GRANTS, GRANTS, st.sampled_from(METHODS), PLACES)
def test_covering_means_allowing_all_of_it(wide, narrow, method, place):
    """What a grant allows, each grant that covers it allows too."""
    if wide.covers(narrow) and narrow.allows(method, place):
        assert wide.allows(method, place)


@given(DOMAINS, DOMAINS, LABELS)
def test_below_a_domain_means_after_a_dot(domain, other, label):
    """A pattern means the names that end in a dot and the domain; never the domain, never a longer word."""
    assert below(f"*.{domain}", f"{label}.{domain}")
    assert not below(f"*.{domain}", domain)
    assert not below(f"*.{domain}", f"{label}{domain}") or f"{label}{domain}".endswith(f".{domain}")
    assert below(f"*.{domain}", other) is other.endswith(f".{domain}")


@pytest.mark.parametrize(
    ("url", "place", "tail"),
    [
        ("https://api.example.org", "api.example.org", "/"),
        ("HTTPS://API.Example.ORG/V1?q=A#part", "api.example.org", "/V1?q=A"),
        ("https://api.example.org?x=1", "api.example.org", "/?x=1"),
        ("https://api.example.org:443/a/../b", "api.example.org", "/a/../b"),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080", "/x"),
        ("http://[::1]:8080/x", "http://[::1]:8080", "/x"),
        ("https://api.example.org/a?u=https://b.example.org/@", "api.example.org", "/a?u=https://b.example.org/@"),
        ("https://api.example.org/Gdańsk city", "api.example.org", "/Gda%C5%84sk%20city"),
    ],
)
def test_a_url_is_read_in_one_way(url, place, tail):
    """Scheme and host in lower case, the fragment left out, letters beyond ASCII as %XX."""
    target = read_url(url)
    assert (str(target.place), target.tail) == (place, tail)
    assert read_url(target.url) == target


@pytest.mark.parametrize(
    "url",
    [
        None, 7, "", "api.example.org", "//api.example.org", "file:///etc/passwd", "ftp://api.example.org",
        "gopher://api.example.org", "data:text/plain,x", "https:/api.example.org", "https://", "https:///x",
        "https://api.example.org@evil.org/", "https://user:password@api.example.org/", "https://@api.example.org/",
        "https://api.example.org\\@evil.org/", "https://evil.org\\.api.example.org/", "https:\\\\api.example.org",
        "https://api.example.org\r\nHost: evil.org/", "https://api.example.org/\r\nX: 1", "https://api.example.org/\0",
        "https://api.example.org\t.evil.org/", " https://api.example.org", "https://api example.org/",
        "https://api.example.org:/", "https://api.example.org:0/", "https://api.example.org:99999/",
        "https://api.example.org:80:443/", "https://api.example.org:+443/", "https://api.example.org:\u0664\u0664\u0663/",
        "https://api.example.org./", "https://.api.example.org/", "https://api..example.org/",
        "https://%61pi.example.org/", "https://\u0430pi.example.org/", "https://api\u3002example.org/",
        "https://api.example.org\u2044@evil.org/", "https://\uff41pi.example.org/",
        "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/",
        "http://127.0.0.1./", "http://127.0.0.0x1/", "http://1.2.3.256/", "http://0.0.0.0/", "http://[::]/",
        "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/", "http://[::1%25lo]/", "http://[fe80::1%lo]/", "http://[::1/", "http://::1/",
        "http://[127.0.0.1]/", "http://[::1]evil.org/", "https://" + "a" * 64 + ".org/",
        "https://" + "a." * 130 + "org/", "https://api.example.org/" + "a" * 9_000, "https://api.example.org/\ud800",
    ],
)  # fmt: skip
def test_a_url_that_two_readers_could_read_in_two_ways_is_refused(url):
    """Users before the host, backslashes, odd addresses, line ends, other schemes and look-alikes are no URLs here."""
    with pytest.raises(BadPlace):
        read_url(url)


@given(st.text(max_size=40))
def test_no_text_makes_the_reader_fail(text):
    """Whatever a guest says, it is a URL that reads as itself, or a `BadPlace`."""
    for url in (text, f"https://{text}", f"https://api.example.org{text}"):
        try:
            target = read_url(url)
        except BadPlace:
            continue
        assert target.url.isascii()
        assert read_url(target.url) == target


@given(PLACES, st.text(alphabet="@:/\\.#?%[]-_~!a1", max_size=12))
def test_nothing_behind_the_host_changes_where_a_request_goes(place, tail):
    """Whatever follows an allowed host, the URL goes to that very host, or is refused."""
    rest = f"/{tail}"
    try:
        target = read_url(f"{place.scheme}://{place.authority}{rest}")
    except BadPlace:
        return
    assert target.place == place
    glued = f"{place.scheme}://{place.authority}{tail}"
    try:
        other = read_url(glued)
    except BadPlace:
        return
    if other.place != place:
        grant = HttpGrant(method="GET", place=place)
        assert not grant.allows("GET", other.place)


def test_a_place_says_itself_back():
    """What `str` gives of a place is how a grant names it."""
    assert str(read_place("https", "[2001:db8::1]:8443")) == "https://[2001:db8::1]:8443"
    assert read_place("http", "[::1]").authority == "[::1]"
