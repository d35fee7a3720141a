//! Fetching an image: its name taken apart, the engine's progress as lines for a person, a refusal with its remedy.
//! Pure, but for the loop at the end.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::models::CreateImageInfo;
use futures::TryStreamExt;
use octobot_wire::SessionId;
use tokio::time::Instant;

use super::engine::Engine;
use super::error::EngineError;
use crate::sandbox::{LogSink, SandboxError};

/// How often a line says how far it is.
const EVERY: Duration = Duration::from_secs(2);

/// Fetches an image and says how it gets on.
pub(super) async fn pull(
    engine: &Engine,
    session: SessionId,
    reference: &str,
    log: &LogSink,
) -> Result<(), SandboxError> {
    log.line(&format!("Fetching the image {reference} …"));
    let (name, tag) = parts(reference);
    let told = async {
        let mut told = std::pin::pin!(engine.pull(name, tag).await?);
        let mut progress = Progress::new(Instant::now());
        while let Some(info) = told.try_next().await? {
            if let Some(line) = progress.observe(info, Instant::now()) {
                log.line(&line);
            }
        }
        Ok(())
    };
    told.await.map_err(|error| refused(error, session, reference))
}

/// An image's name without its tag or digest, and that. Without one, `latest` is meant; the engine would fetch all.
fn parts(reference: &str) -> (&str, &str) {
    if let Some(parts) = reference.split_once('@') {
        return parts;
    }
    // A colon before the last slash belongs to the registry's port.
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (reference, "latest"),
    }
}

/// Why an image can't be had, and what mends it.
fn refused(error: EngineError, session: SessionId, reference: &str) -> SandboxError {
    let EngineError::Refused { message, .. } = error else { return error.about(session) };
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let (reason, remedy) = if says(&["denied", "not found", "does not exist", "manifest unknown", "unauthorized"]) {
        let remedy = format!(
            "Check the name. If it needs a login, `docker pull {reference}` on this machine uses yours; Octobot's own image \
             is built by `cargo xtask image`"
        );
        ("no registry gives it", remedy)
    } else if says(&["dial tcp", "no such host", "timeout", "refused", "unreachable", "TLS", "EOF"]) {
        let remedy = "Check the network of this machine and the proxy settings of the engine, or bring the image with \
                      `docker load`; Octobot's own is built by `cargo xtask image`";
        ("the registry can't be reached", remedy.to_owned())
    } else if says(&["no space left"]) {
        ("the disk is full", "Free some space, with `docker system prune` for instance".to_owned())
    } else {
        ("the engine can't fetch it", format!("Try `docker pull {reference}` on this machine"))
    };
    let reason = format!("{reason} ({message})");
    SandboxError::Image { session, image: reference.to_owned(), reason, remedy }
}

/// How far a fetch is.
#[derive(Debug)]
struct Progress {
    layers: BTreeMap<String, Layer>,
    said_at: Instant,
}

#[derive(Debug, Default)]
struct Layer {
    loaded_bytes: u64,
    total_bytes: u64,
    done: bool,
}

impl Progress {
    fn new(now: Instant) -> Self {
        Self { layers: BTreeMap::new(), said_at: now }
    }

    /// Takes what the engine tells; gives a line when there is something new to say.
    fn observe(&mut self, info: CreateImageInfo, now: Instant) -> Option<String> {
        let status = info.status?;
        // What has no layer is about the whole.
        let Some(id) = info.id.filter(|_| !status.starts_with("Pulling from")) else { return Some(status) };
        let layer = self.layers.entry(id).or_default();
        let detail = info.progress_detail.unwrap_or_default();
        match status.as_str() {
            "Downloading" => {
                let bytes = |count: Option<i64>| count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default();
                layer.total_bytes = bytes(detail.total);
                layer.loaded_bytes = bytes(detail.current);
            }
            "Download complete" => layer.loaded_bytes = layer.total_bytes,
            "Pull complete" | "Already exists" => layer.done = true,
            _ => {}
        }
        (now.duration_since(self.said_at) >= EVERY).then(|| {
            self.said_at = now;
            self.line()
        })
    }

    fn line(&self) -> String {
        let done = self.layers.values().filter(|layer| layer.done).count();
        let [loaded, total]: [u64; 2] = [
            self.layers.values().map(|layer| layer.loaded_bytes).sum(),
            self.layers.values().map(|layer| layer.total_bytes).sum(),
        ];
        let all = self.layers.len();
        format!("{done} of {all} layers are there, {} of {} MB loaded", loaded / 1_000_000, total / 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::ProgressDetail;

    use super::*;

    #[test]
    fn a_name_is_taken_apart_at_its_tag_or_digest() {
        assert_eq!(parts("debian"), ("debian", "latest"));
        assert_eq!(parts("debian:12"), ("debian", "12"));
        assert_eq!(parts("localhost:5000/a/b"), ("localhost:5000/a/b", "latest"));
        assert_eq!(parts("localhost:5000/a/b:1"), ("localhost:5000/a/b", "1"));
        assert_eq!(parts("debian@sha256:12"), ("debian", "sha256:12"));
    }

    fn told(id: Option<&str>, status: &str, current: i64, total: i64) -> CreateImageInfo {
        CreateImageInfo {
            id: id.map(str::to_owned),
            status: Some(status.to_owned()),
            progress_detail: Some(ProgressDetail { current: Some(current), total: Some(total) }),
            ..Default::default()
        }
    }

    #[test]
    fn progress_is_said_now_and_then_and_sums_the_layers_up() {
        let start = Instant::now();
        let mut progress = Progress::new(start);
        let mut observe = |after_ms, info| progress.observe(info, start + Duration::from_millis(after_ms));
        assert_eq!(
            observe(0, told(Some("12"), "Pulling from library/debian", 0, 0)).unwrap(),
            "Pulling from library/debian"
        );
        assert_eq!(observe(1, told(Some("a"), "Already exists", 0, 0)), None);
        assert_eq!(observe(2, told(Some("b"), "Downloading", 1_000_000, 9_000_000)), None);
        let line = observe(2_500, told(Some("b"), "Downloading", 5_000_000, 9_000_000)).unwrap();
        assert_eq!(line, "1 of 2 layers are there, 5 of 9 MB loaded");
        assert_eq!(observe(2_600, told(Some("b"), "Download complete", 0, 0)), None);
        let line = observe(5_000, told(Some("b"), "Pull complete", 0, 0)).unwrap();
        assert_eq!(line, "2 of 2 layers are there, 9 of 9 MB loaded");
        assert_eq!(observe(5_001, told(None, "Status: Downloaded", 0, 0)).unwrap(), "Status: Downloaded");
    }

    #[test]
    fn an_image_that_doesnt_exist_is_told_from_a_registry_that_cant_be_reached() {
        let error = |message: &str| {
            let error = EngineError::Refused { action: "fetch an image", status: 404, message: message.to_owned() };
            refused(error, SessionId::new(uuid::Uuid::nil()), "nosuch:1").to_string()
        };
        assert!(error("pull access denied for nosuch, repository does not exist").contains("`docker pull nosuch:1`"));
        assert!(error("Get \"https://registry/v2/\": dial tcp: lookup registry: no such host").contains("network"));
        assert!(error("something new").contains("something new"));
    }
}
