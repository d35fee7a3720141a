//! No I/O: messages in, actions out.

use super::*;
