"""Whether tasks can run in an image. Runs inside it, with its Python, while it is built; ends with 1 and one line if they cannot.

Standard library only; it parses under Python 3.6.
"""

import os
import sys
import tempfile


def complaint(wanted):  # type: ignore[no-untyped-def]  # the image's Python may know no annotations of ours
    """What is wrong, and what to do; None if nothing is.

    :param wanted: the version that workflows are dispatched with, as ``3.12``
    """
    found = "{}.{}".format(*sys.version_info)
    if found != wanted:
        return (
            f"The image has Python {found}, and workflows are to be dispatched with Python {wanted}. Name another --base, or say "
            f"--python {found} if that is what they are dispatched with."
        )
    try:
        import ssl
    except ImportError as error:
        return f"The image's Python is not complete ({error}), and cannot reach a bucket. Name another --base."
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not (paths.capath and os.listdir(paths.capath)):  # noqa: PTH208
        return "The image has no CA certificates, and cannot reach a bucket. Add --apt ca-certificates."
    if not os.access("/usr/bin/env", os.X_OK):
        return "The image has no /usr/bin/env, by which Azure Batch starts tasks. Name another --base, or add --apt coreutils."
    shared = tempfile.gettempdir()
    if os.stat(shared).st_mode & 0o1777 != 0o1777:  # noqa: PTH116
        return (
            f"Not every user may write to {shared} in the image, where tasks keep temporary files. Name another --base."
        )
    return None


if __name__ == "__main__":
    said = complaint(sys.argv[1])  # type: ignore[no-untyped-call]
    if said:
        sys.exit(f"covalent: {said}")
