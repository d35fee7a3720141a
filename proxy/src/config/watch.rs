//! The configuration's file: read when it changes. A broken one is told of and changes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::Live;

/// Editors write a file in several steps; this long after the last one it is read.
const QUIET: Duration = Duration::from_millis(50);

/// Where changes aren't told, such as on some network file systems, they are found after this long.
const LOOK: Duration = Duration::from_secs(30);

/// Follows a file until the task is dropped. `last` is the text that is in force.
pub async fn watch(live: Arc<Live>, file: PathBuf, mut last: String) {
    let changed = Arc::new(Notify::new());
    let watcher = watcher(&file, Arc::clone(&changed));
    if let Err(error) = &watcher {
        tracing::warn!(error = %error, "changes of the configuration's file are seen late");
    }
    loop {
        if timeout(LOOK, changed.notified()).await.is_ok() {
            sleep(QUIET).await;
        }
        let text = match tokio::fs::read_to_string(&file).await {
            Ok(text) => text,
            // Between an editor's steps there may be no file.
            Err(error) => {
                tracing::debug!(error = %error, "the configuration's file can't be read");
                continue;
            }
        };
        if text == last {
            continue;
        }
        match live.replace_from_yaml(&text) {
            Ok(()) => tracing::info!(file = %file.display(), "the configuration has changed"),
            Err(error) => {
                tracing::error!(file = %file.display(), error = %error, "the configuration is refused: {error}");
            }
        }
        last = text;
    }
}

/// Watches the folder: a file that is replaced is another one.
fn watcher(file: &Path, changed: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let name = file.file_name().map(ToOwned::to_owned);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Kubernetes swaps a link beside the file, so that its name isn't in the event.
        let concerned = event.is_ok_and(|event| {
            !event.kind.is_access()
                && event.paths.iter().any(|path| {
                    path.file_name() == name.as_deref()
                        || path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".."))
                })
        });
        if concerned {
            changed.notify_one();
        }
    })?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}
