"""`python -m probewatch`: the same as the command `probewatch`."""

import sys

from probewatch.cli import main

sys.exit(main())
