"""What the packaged application starts."""

import sys
from multiprocessing import freeze_support

from neuroflow_review.main import main

if __name__ == "__main__":
    freeze_support()
    sys.exit(main())
