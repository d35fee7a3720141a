//! Work that is seen through, also when nobody waits for it any more: a request whose client has gone is dropped wherever it stands.

use tokio::task::JoinError;
use tracing::Instrument as _;

/// Does something whose half would be worse than nothing. Only the server's end cancels it.
pub async fn to_the_end<T: Send + 'static, E: From<JoinError> + Send + 'static>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E> {
    match tokio::spawn(work.in_current_span()).await {
        Ok(ended) => ended,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => Err(error.into()),
    }
}
