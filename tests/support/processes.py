"""What a process that a test starts can import."""

import os
import sys


def path_with(file):
    """PYTHONPATH by which it imports all that this process can, and a file of tests by name."""
    return os.pathsep.join([os.path.dirname(file), *sys.path])
