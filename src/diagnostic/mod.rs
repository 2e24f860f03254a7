//! Faults in files: file, line, caret, code.
