"""`python -m notifyctl`."""

from __future__ import annotations

import sys

from notifyctl.main import main

sys.exit(main())
