"""The command `kowal` as a part of `kowal serve`, which ends with its parent: `agent.cli.part SECONDS COMMAND...`."""

import sys

from agent.cli import main
from agent.serving.tie import end_with_parent

if __name__ == "__main__":
    end_with_parent(float(sys.argv.pop(1)))
    main()
