//! Who may be reached: a pure function of what is asked for.
