"""pcapdiag with the rule IDLE101 alone: what the other rules cost is the difference. Arguments are those of the command."""

from __future__ import annotations

import sys

from pcapdiag.cli.main import main
from pcapdiag.rules import catalogue, idle101

catalogue.VERDICTS = (idle101.RULE,)
catalogue.CAVEATS = ()
catalogue.origin = lambda _: None

sys.exit(main(sys.argv[1:]))
