"""``python -m sensecf_core``: the command line."""

import signal
import sys

from sensecf_core.cli import main

# End quietly, as other programs do, when whoever reads the output has gone (`| head`).
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
sys.exit(main())
