"""``python -m covalent`` is the command ``covalent``."""

from .cli import main

if __name__ == "__main__":
    main()
