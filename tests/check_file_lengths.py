"""No module over 600 lines: `make check` runs this, and prints those that are."""

import sys
from pathlib import Path

MOST_LINES = 600

if __name__ == "__main__":
    root = Path(__file__).resolve().parent.parent
    too_long = [
        f"{path.relative_to(root)}: {lines} lines, more than {MOST_LINES}"
        for folder in ("core", "app", "resources", "tests", "installers")
        for path in sorted((root / folder).rglob("*.py"))
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    ]
    print("\n".join(too_long) or "no file over 600 lines")
    sys.exit(bool(too_long))
