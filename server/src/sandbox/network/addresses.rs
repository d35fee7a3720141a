//! The addresses that this machine has: a sandbox's requests to them come from the machine itself, so that its own services would
//! take them for their own.

use std::io;
use std::net::IpAddr;

/// All addresses of this machine's interfaces but those of loopback, which no policy takes for public ones.
pub fn of_machine() -> io::Result<Vec<IpAddr>> {
    let mut addresses: Vec<_> = if_addrs::get_if_addrs()?.iter().map(if_addrs::Interface::ip).collect();
    addresses.retain(|address| !address.is_loopback());
    addresses.sort_unstable();
    addresses.dedup();
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn the_address_that_the_machine_is_reached_at_is_among_them() {
        let addresses = of_machine().unwrap();
        assert!(addresses.iter().all(|address| !address.is_loopback()));
        // Nothing is sent: the kernel only says which address it would send from.
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        if socket.connect("192.0.2.1:9").is_ok() {
            let own = socket.local_addr().unwrap().ip();
            assert!(own.is_loopback() || addresses.contains(&own), "{own} isn't among {addresses:?}");
        }
    }
}
