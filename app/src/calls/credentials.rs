//! Calls about credentials.

mod create_credential;
mod give_credentials;
mod load_credentials;
mod load_session_credentials;
mod revoke_credential;
mod test_credential;
mod update_credential;

pub use create_credential::create_credential;
pub use give_credentials::give_credentials;
pub use load_credentials::load_credentials;
pub use load_session_credentials::load_session_credentials;
pub use revoke_credential::revoke_credential;
pub use test_credential::test_credential;
pub use update_credential::update_credential;
