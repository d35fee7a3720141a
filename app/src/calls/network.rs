//! Calls about who may be reached, and what passes.

mod allow_host;
mod check_host;
mod clear_cache;
mod disallow_host;
mod load_effective_policy;
mod load_network;
mod load_network_additions;
mod load_traffic;
mod save_network;
mod save_network_additions;

pub use allow_host::allow_host;
pub use check_host::check_host;
pub use clear_cache::clear_cache;
pub use disallow_host::disallow_host;
pub use load_effective_policy::load_effective_policy;
pub use load_network::load_network;
pub use load_network_additions::load_network_additions;
pub use load_traffic::load_traffic;
pub use save_network::save_network;
pub use save_network_additions::save_network_additions;
