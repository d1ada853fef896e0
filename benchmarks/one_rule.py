"""pcapdiag with the rule IDLE101 alone: what the others cost in judging is the difference. Arguments are the command's.

What they cost at every start is not in it: their modules are imported here as well.
"""

from __future__ import annotations

import sys

from pcapdiag.cli.main import main
from pcapdiag.rules import catalogue, idle101

catalogue.VERDICTS = (idle101.RULE,)
catalogue.CAVEATS = ()
catalogue.origin = lambda _: None

sys.exit(main(sys.argv[1:]))
