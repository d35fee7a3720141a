//! How many descriptors there may be, and how many of them clients get: a proxy whose clients have them all can reach nobody
//! and be asked nothing.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many are left for hosts, the control API, the log and the cache, unless that is more than half.
const RESERVE: u64 = 256;

/// Takes as many as the system gives. Clients are many, and the usual limit is for programs that use `select`.
pub fn raise() -> io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// How many connections clients may have.
pub fn room() -> usize {
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, of)
}

fn of(limit: u64) -> usize {
    usize::try_from(limit - RESERVE.min(limit / 2)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_are_always_left() {
        assert_eq!((of(1024), of(320), of(2), of(0)), (768, 160, 1, 0));
    }
}
