"""``python -m apus_huggingface``."""

import sys

from apus_huggingface.cli import main

if __name__ == "__main__":
    sys.exit(main())
