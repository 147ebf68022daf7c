"""python -m lossproof is the binary."""

import sys

from lossproof._binary import main

sys.exit(main())
