"""Say in one line why this Python will not do. Runs on Pythons so old that only old syntax is safe here."""

import sys

if sys.version_info < (3, 11):
    found = ".".join(str(part) for part in sys.version_info[:3])
    sys.exit("Python 3.11 or later is needed, this is " + found + ". Name another with: make PYTHON=python3.12")

try:
    import ensurepip  # noqa: F401
except ImportError:
    sys.exit("This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv")
