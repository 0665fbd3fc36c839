"""The exercise's own door: ``python main.py --path=<PATH_IMAGE> --heatmap=<TRUE_OR_FALSE>``."""

import sys

from vigie.__main__ import main

if __name__ == "__main__":
    sys.argv[1:1] = ["predict"]
    main()
