"""`python -m deploy` writes the files; `--check` says whether they are what it would write (exit code 1 when not)."""

import sys

from deploy.files import HERE, made

checking = sys.argv[1:] == ["--check"]
stale = []
for name, text in made().items():
    path = HERE / name
    if not path.exists() or path.read_text() != text:
        stale.append(name)
        if not checking:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
if checking and stale:
    sys.exit(f"not as declared: {', '.join(stale)}. `make dashboards` writes them.")
