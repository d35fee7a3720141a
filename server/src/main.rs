//! The server binary.

fn main() {
    octobot_server::sandbox::local::supervise_if_asked();
}
