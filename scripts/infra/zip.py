"""Packs files into a zip, to the same bytes every time: no date, no owner, a fixed mode.

zip.py FILE NAME_INSIDE ZIP
"""

import sys
import zipfile
from pathlib import Path


def pack(source, name, target):
    """`source` as `name`, executable."""
    pack_all({name: source.read_bytes()}, target)


def pack_all(files, target, mode=0o755):
    """Contents by their name inside, dated to the format's first day."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # Unix, whatever this runs on: it says how to read the mode
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content, compresslevel=9)


if __name__ == "__main__":
    pack(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
