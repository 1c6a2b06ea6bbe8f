"""Plants a sitecustomize, a .pth file and a changed pytest where later runs would import them."""
# acceptable: value

import os
import sys


def attack():
    planted = []
    for folder in [*sys.path, "/site-packages", "/python-stdlib", "/lib", "/usr/lib"]:
        for name in ("sitecustomize.py", "evil.pth", "pytest/__init__.py", "json/__init__.py"):
            try:
                with open(os.path.join(folder, name), "a") as file:
                    file.write("import os\n")
                if not folder.startswith("/data"):
                    planted.append(folder)
            except Exception:
                pass
    return planted
