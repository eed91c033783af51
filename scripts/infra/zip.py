"""Packs one file into a zip, to the same bytes every time: no date, no owner, a fixed mode.

zip.py FILE NAME_INSIDE ZIP
"""

import sys
import zipfile
from pathlib import Path


def pack(source, name, target):
    """`source` as `name`, executable, dated to the format's first day."""
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3  # Unix, whatever this runs on: it says how to read the mode
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(entry, source.read_bytes(), compresslevel=9)


if __name__ == "__main__":
    pack(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
