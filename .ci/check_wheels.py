"""Checks wheels: `check_wheels.py BYTES WHEEL…`. They hold what users and authors need, are small, link no libpython."""

import os
import subprocess
import sys
import tempfile
import zipfile

NEEDED = {
    "typedcall/__init__.py",
    "typedcall/__init__.pyi",
    "typedcall/__main__.py",
    "typedcall/py.typed",
    "typedcall/include/typedcall.h",
    "typedcall/include/typedcall_pypy.h",
    "typedcall/include/typedcall_cinder.h",
}
# The interpreter has these symbols already; a second libpython would be a second interpreter.
UNWANTED = ("libpython", "(RPATH)", "(RUNPATH)")


def faults(path: str, limit: int) -> list[str]:
    """What is wrong with one wheel."""
    found = []
    size = os.path.getsize(path)
    if size > limit:
        found.append(f"{size} bytes, {limit} are allowed")
    with zipfile.ZipFile(path) as wheel, tempfile.TemporaryDirectory() as folder:
        names = wheel.namelist()
        found += [f"{name} is missing" for name in sorted(NEEDED.difference(names))]
        found += [f"{name} does not belong there" for name in names if name.endswith(".pyc")]
        native = [name for name in names if name.startswith("typedcall/_native.") and name.endswith(".so")]
        if len(native) != 1:
            found.append(f"one extension module is expected, there are: {native}")
        for name in native:
            command = ["readelf", "--dynamic", wheel.extract(name, folder)]
            lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
            found += [line.strip() for line in lines if any(word in line for word in UNWANTED)]
    print(f"{os.path.basename(path)}: {size / 2**20:.2f} MB, {len(names)} files")
    return [f"  {fault}" for fault in found]


def main(limit: int, paths: list[str]) -> None:
    failed = False
    for path in paths:
        found = faults(path, limit)
        failed |= bool(found)
        print(*found, sep="\n", end="\n" if found else "")
    raise SystemExit(failed)


main(int(sys.argv[1]), sys.argv[2:])
