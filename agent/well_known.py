"""Package names that many know: what a wrong name was meant to be, and which modules a package brings."""

from collections.abc import Mapping

from packaging.utils import canonicalize_name
from rapidfuzz import fuzz, process

MEANT_FROM = 75.0
"""The likeness, 0 to 100, from which a known name is offered for one that does not exist."""
LIKE_FROM = 85.0
"""The likeness from which a package may have been named to be taken for a known one."""

MODULES: Mapping[str, str] = {
    "attrs": "attr", "beautifulsoup4": "bs4", "biopython": "Bio", "charset-normalizer": "charset_normalizer",
    "faiss-cpu": "faiss", "gitpython": "git", "jinja2": "jinja2", "markdown": "markdown", "markupsafe": "markupsafe",
    "msgpack": "msgpack", "opencv-python": "cv2", "opencv-python-headless": "cv2", "pillow": "PIL",
    "protobuf": "google", "psycopg2-binary": "psycopg2", "pycryptodome": "Crypto", "pygments": "pygments",
    "pyjwt": "jwt", "pymupdf": "fitz", "pyserial": "serial", "python-dateutil": "dateutil", "python-docx": "docx",
    "python-dotenv": "dotenv", "python-magic": "magic", "python-pptx": "pptx", "python-slugify": "slugify",
    "pyyaml": "yaml", "pyzmq": "zmq", "scikit-image": "skimage", "scikit-learn": "sklearn",
    "tree-sitter": "tree_sitter",
}  # fmt: skip
"""The module that a package brings, where it is not the package's own name."""

OTHERS = (
    "aiohttp", "altair", "anyio", "arrow", "asyncpg", "babel", "bcrypt", "bleach", "blosc2", "bokeh", "boltons",
    "boto3", "botocore", "cachetools", "certifi", "cffi", "chardet", "click", "cloudpickle", "colorama",
    "cryptography", "cython", "dask", "defusedxml", "django", "dnspython", "docutils", "duckdb", "ecdsa",
    "et-xmlfile", "faker", "fastapi", "filelock", "flask", "fonttools", "fsspec", "gensim", "geopandas", "geopy",
    "gevent", "greenlet", "h11", "h5py", "html5lib", "httpcore", "httpx", "humanize", "hypothesis", "idna", "imageio",
    "inflect", "isodate", "joblib", "jsonpath-ng", "jsonschema", "kiwisolver", "langdetect", "lark", "levenshtein",
    "llvmlite", "loguru", "lxml", "lz4", "matplotlib", "more-itertools", "mpmath", "multidict", "mypy", "networkx",
    "nltk", "numba", "numexpr", "numpy", "openpyxl", "orjson", "packaging", "pandas", "paramiko", "passlib",
    "pendulum", "phonenumbers", "platformdirs", "plotly", "ply", "polars", "prettytable", "psutil", "psycopg",
    "pyarrow", "pyasn1", "pycountry", "pycparser", "pydantic", "pymongo", "pymysql", "pynacl", "pyparsing", "pypdf",
    "pyproj", "pytest", "pytz", "rapidfuzz", "redis", "regex", "reportlab", "requests", "rfc3986", "rich", "rsa",
    "ruamel-yaml", "scipy", "scrapy", "seaborn", "sentencepiece", "shapely", "simplejson", "six", "sniffio",
    "snowballstemmer", "sortedcontainers", "soupsieve", "spacy", "sqlalchemy", "sqlparse", "starlette", "statsmodels",
    "sympy", "tabulate", "tenacity", "tensorflow", "termcolor", "textblob", "tiktoken", "tokenizers", "tomli",
    "tomlkit", "toolz", "torch", "tornado", "tqdm", "transformers", "typer", "typing-extensions", "tzdata", "tzlocal",
    "ujson", "unidecode", "urllib3", "uvicorn", "validators", "vobject", "wcwidth", "webcolors", "websockets",
    "werkzeug", "wordcloud", "wrapt", "xarray", "xgboost", "xlrd", "xlsxwriter", "xmltodict", "xxhash", "yarl",
    "zstandard",
)  # fmt: skip

KNOWN = frozenset({*MODULES, *OTHERS})
PACKAGES_OF = {module.lower(): package for package, module in MODULES.items()}


def module_of(package: str) -> str:
    """The module that a package most likely brings: its name with underscores, unless it is known to be another."""
    name = canonicalize_name(package)
    return MODULES.get(name, name.replace("-", "_"))


def meant_by(name: str) -> str:
    """The package that a wrong name was most likely meant to be; empty where none is near."""
    name = canonicalize_name(name)
    if (package := PACKAGES_OF.get(name)) and package != name:
        return package
    return _nearest(name, MEANT_FROM)


def resembled_by(name: str) -> str:
    """The known package that another one could be taken for; empty for a known one, and where none is near."""
    name = canonicalize_name(name)
    return "" if name in KNOWN else _nearest(name, LIKE_FROM)


def _nearest(name: str, likeness: float) -> str:
    found = process.extractOne(name, sorted(KNOWN - {name}), scorer=fuzz.ratio, score_cutoff=likeness)
    return found[0] if found else ""
