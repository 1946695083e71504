"""What the packaged shell command starts."""

import sys
from multiprocessing import freeze_support

from neuroflow.cli import main

if __name__ == "__main__":
    freeze_support()
    sys.exit(main())
