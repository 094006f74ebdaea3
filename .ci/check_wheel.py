"""Checks a wheel: `check_wheel.py WHEEL BYTES`. It holds what users and authors need, is small, and links no libpython."""

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
}


def main(path: str, limit: int) -> None:
    faults = []
    size = os.path.getsize(path)
    if size > limit:
        faults.append(f"{size} bytes, {limit} are allowed")
    with zipfile.ZipFile(path) as wheel, tempfile.TemporaryDirectory() as folder:
        names = wheel.namelist()
        faults += [f"{name} is missing" for name in sorted(NEEDED.difference(names))]
        faults += [f"{name} does not belong there" for name in names if name.endswith(".pyc")]
        native = [name for name in names if name.startswith("typedcall/_native.") and name.endswith(".so")]
        if len(native) != 1:
            faults.append(f"one extension module is expected, there are: {native}")
        for name in native:
            dynamic = subprocess.run(
                ["readelf", "--dynamic", wheel.extract(name, folder)], check=True, capture_output=True, text=True
            ).stdout
            # The interpreter has these symbols already; a second libpython would be a second interpreter.
            unwanted = ("libpython", "(RPATH)", "(RUNPATH)")
            faults += [line.strip() for line in dynamic.splitlines() if any(word in line for word in unwanted)]
    print(f"{os.path.basename(path)}: {size / 2**20:.2f} MB, {len(names)} files")
    if faults:
        raise SystemExit("\n".join(faults))


main(sys.argv[1], int(sys.argv[2]))
