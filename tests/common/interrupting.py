"""Raise at a chosen line, where Ctrl+C could raise as well."""

import dis
import sys

_NO_WORK = {dis.opmap[name] for name in ("NOP", "SWAP") if name in dis.opmap}
_LOAD = dis.opmap["LOAD_CONST"]


class Interrupter:
    """Raises at one of the calls and lines inside some files, counted from 1."""

    def __init__(self, is_inside, at=None, error=KeyboardInterrupt):
        self.is_inside, self.at, self.error = is_inside, at, error
        self.n_events = 0

    def __call__(self, frame, event, argument):
        code = frame.f_code
        # Python swallows what is raised while it closes a generator.
        if not self.is_inside(code.co_filename) or code.co_name == "<genexpr>":
            return None
        if event not in ("call", "line") or _handles_no_signal(frame):
            return self
        self.n_events += 1
        if self.n_events == self.at:
            raise self.error
        return self

    def run(self, function, *arguments):
        sys.settrace(self)
        try:
            return function(*arguments)
        finally:
            sys.settrace(None)


def _handles_no_signal(frame):
    """Return whether Python handles no signal at a line, but calls trace functions.

    Such are the end of a `with` block, where the next instructions call
    `__exit__(None, None, None)`, and lines without work, such as `try:`
    (https://github.com/python/cpython/issues/74174).
    """
    code, start = frame.f_code.co_code, frame.f_lasti
    if code[start] == dis.opmap["NOP"]:
        return True
    while code[start] in _NO_WORK:
        start += 2
    following = [tuple(code[i : i + 2]) for i in (start, start + 2, start + 4)]
    return following[0][0] == _LOAD and len(set(following)) == 1
