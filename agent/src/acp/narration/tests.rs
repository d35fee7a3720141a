//! No I/O: what an agent tells in, events out.

use super::*;
