"""What every process of the tree does about its own end."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2), Linux only; elsewhere the parent's clean-up has to do


def die_with_parent(sign: signal.Signals) -> None:
    """From now on this process gets `sign` when its parent dies, however it dies. Call it in the child."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, sign)
