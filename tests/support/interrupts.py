"""Interrupts that come at a chosen instruction of Python's, in whatever file that is."""

import sys


class Interrupter:
    """Raises KeyboardInterrupt at one of the instructions that a call runs, as Ctrl-C may.

    Whatever runs in Python is interrupted: the engine, NumPy, the standard library.
    """

    def __init__(self, work):
        self._work = work
        self._left = sys.maxsize
        self.length = sys.maxsize - self._run()

    def _run(self):
        # The frame of the work itself is not traced, nor what comes before and after it.
        sys.settrace(self._trace)
        try:
            self._work()
        finally:
            sys.settrace(None)
        return self._left

    def interrupted_at(self, instruction):
        """Whether the call was interrupted at this instruction; not if it is over before."""
        self._left = instruction
        try:
            self._run()
        except KeyboardInterrupt:
            return True
        return False

    def _trace(self, frame, event, arg):
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            self._left -= 1
            if self._left < 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return self._trace
