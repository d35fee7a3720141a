//! Logins for git: which credential is for a remote's host.

use super::ServiceError;
use crate::domain::Credential;
use crate::domain::forge::web_origin;
use crate::git::Login;
use crate::store::Tx;

/// How to log in at a remote with one of these credentials; none where none of them is for its host, or where it isn't reached by HTTP.
/// Of several the last counts.
pub(crate) async fn git_login(
    tx: &mut Tx,
    credentials: Vec<Credential>,
    url: &str,
) -> Result<Option<Login>, ServiceError> {
    let Some(origin) = web_origin(url) else { return Ok(None) };
    for credential in credentials.into_iter().rev().filter(|credential| credential.site().is_some()) {
        let values = tx.credential_values(credential.id).await?;
        if let Some((user, password)) = credential.git_login(&values, &origin) {
            return Ok(Some(Login::new(origin, user, password)));
        }
    }
    Ok(None)
}
